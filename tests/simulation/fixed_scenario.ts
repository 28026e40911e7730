import { CompatVersion } from "../../src/core/members/compat_version.ts";
import {
  type Action,
  addRoleOf,
  compactionOf,
  deleteRoleOf,
  deletionOf,
  grantOf,
  LEASE_IDS,
  putOf,
  revocationOf,
} from "./actions.ts";
import type { History } from "./history.ts";
import { type MemberSettings, SimulatedMember } from "./simulated_member.ts";
import type { World } from "./world.ts";

const [FIRST_LEASE, SECOND_LEASE] = LEASE_IDS;

/** So that a snapshot is due again. */
const SNAPSHOT_SPACING_MS = 1_000;

/** Makes everything happen soon: segment cuts, snapshots, purging, evictions. */
export const SMALL_SETTINGS: MemberSettings = {
  compatVersion: CompatVersion.newest,
  backend: {
    valueCacheBytes: 1,
    batchIntervalMs: 1_000,
    batchLimit: 10_000,
    snapshotCount: 8,
    snapshotCatchUpEntries: 2,
    maxWals: 1,
    maxSnapshots: 1,
    bootstrapDefragThresholdBytes: 0,
  },
  compaction: { batchLimit: 2, sleepIntervalMs: 10 },
  checksFileAtStart: false,
  comparesFile: false,
  forTests: { walSegmentSizeBytes: 2_048 },
  wrapDisk: (disk) => disk,
};

/** What a client does between two pauses. */
const FIRST_START: readonly (readonly Action[])[] = [
  [putOf("a", "1"), grantOf(FIRST_LEASE), putOf("b", "2", FIRST_LEASE)],
  [putOf("a", "3"), putOf("c", "c".repeat(1_500)), grantOf(SECOND_LEASE)],
  [
    addRoleOf("a"),
    deletionOf("b"),
    putOf("a", "4"),
    putOf("d", "5", SECOND_LEASE),
    revocationOf(FIRST_LEASE),
  ],
];

const SECOND_START: readonly (readonly Action[])[] = [
  [
    deleteRoleOf("a"),
    addRoleOf("b"),
    putOf("e", "6"),
    putOf("c", "d".repeat(1_500)),
    deletionOf("d"),
  ],
  [compactionOf(8), grantOf(FIRST_LEASE), putOf("a", "7", FIRST_LEASE)],
];

/**
 * A short life of a member in which everything happens once: the foundation, checkpoints, segment
 * cuts, snapshots, a compaction, a defragmentation, a restart. Returns the failures of calls that
 * the member survived; throws what kept it from starting or made it stop.
 */
export async function live(world: World, history: History): Promise<unknown[]> {
  return [
    ...await liveOnce(world, history, FIRST_START),
    ...await liveOnce(world, history, SECOND_START),
  ];
}

/** The part of such a life from the restart on. */
export function liveOn(world: World, history: History): Promise<unknown[]> {
  return liveOnce(world, history, SECOND_START);
}

/** So many that their pages are not read while a member starts. */
const LARGE_VALUES = 20;

/** Founds a member, gives it pairs with the keys 0, 1 and so on, and stops it. */
export async function putLargeValues(world: World, history: History): Promise<void> {
  const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
  for (let i = 0; i < LARGE_VALUES; i++) await member.perform(putOf(`${i}`, "v".repeat(1_000)));
  await member.stop();
}

async function liveOnce(
  world: World,
  history: History,
  batches: readonly (readonly Action[])[],
): Promise<unknown[]> {
  const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
  const { backend } = member.server;
  history.settle(member.server);
  for (const batch of batches) {
    for (const action of batch) {
      if (member.isRunning) member.propose(action);
    }
    await member.settled();
    if (!member.isRunning) break;
    member.inBackground(backend.checkpoint());
    await member.settled();
    world.clock.advance(SNAPSHOT_SPACING_MS);
  }
  if (member.isRunning) {
    member.inBackground(backend.defragment());
    member.propose(putOf("f", "8"));
    await member.settled();
  }
  await member.stop();
  if (member.server.failure !== undefined) throw member.server.failure;
  return member.failures;
}
