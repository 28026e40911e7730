import assert from "node:assert/strict";
import { DiskError } from "../../src/disk/disk_error.ts";
import { simulatedError } from "../../src/disk/simulated_hardware.ts";
import { PutRequest } from "../../src/pb/etcdserverpb.ts";
import { live, putLargeValues, SMALL_SETTINGS } from "./fixed_scenario.ts";
import { History } from "./history.ts";
import type { DiskOperation } from "./process_disk.ts";
import { SimulatedMember } from "./simulated_member.ts";
import { expectSurvival } from "./survival.ts";
import { World } from "./world.ts";

const SEED = 1;

/** An operation of the disk that fails once, or fails from then on. */
interface PlannedFault {
  readonly operation: DiskOperation;
  readonly code: string;
  readonly isLasting: boolean;
  /** Which of the scenario's operations of that kind is the first to fail; 1 is the first one. */
  readonly number: number;
}

/** What a member's life with a fault was like. */
interface FaultyLife {
  /** What the operations that failed were about; empty if the scenario does not get so far. */
  readonly failedPaths: ReadonlySet<string>;
  /** What the member or one of its calls has said of it. */
  readonly complaint: unknown;
}

/** Returns the paths of what fails as it does so. */
function planFault(world: World, fault: PlannedFault): ReadonlySet<string> {
  const failedPaths = new Set<string>();
  let count = 0;
  world.observe = (operation, path) => {
    if (operation !== fault.operation) return;
    count++;
    if (count < fault.number || (count > fault.number && !fault.isLasting)) return;
    failedPaths.add(path);
    // A write that fails leaves a part of its bytes behind, which the disk itself sees to.
    if (operation !== "write") throw simulatedError(operation, path, fault.code);
    world.disk.hardware.inject({ operation, after: 0, code: fault.code });
  };
  return failedPaths;
}

async function liveWithFault(
  world: World,
  history: History,
  fault: PlannedFault,
): Promise<FaultyLife> {
  const failedPaths = planFault(world, fault);
  let complaint: unknown;
  try {
    [complaint] = await live(world, history);
  } catch (error) {
    complaint = error;
  }
  world.observe = () => {};
  return { failedPaths, complaint };
}

/** Whoever runs the member has to learn which file it is and what is wrong with it. */
function expectClearMessage({ failedPaths, complaint }: FaultyLife, code: string): void {
  assert.ok(complaint instanceof DiskError, `${complaint}`);
  assert.match(complaint.message, new RegExp(`^Cannot .* /.*${code}`));
  const isNamed = [...failedPaths].some((path) => path.startsWith(complaint.path));
  assert.ok(isNamed, `${complaint.message} is about ${[...failedPaths]}`);
}

/** A life for each of the scenario's operations of a kind. Returns how many there are. */
async function failEach(
  operation: DiskOperation,
  code: string,
  isLasting: boolean,
): Promise<number> {
  for (let number = 1;; number++) {
    const world = new World(SEED);
    const history = new History();
    const life = await liveWithFault(world, history, { operation, code, isLasting, number });
    if (life.failedPaths.size === 0) {
      assert.equal(life.complaint, undefined);
      return number - 1;
    }
    try {
      expectClearMessage(life, code);
      // What an operation that failed has left behind is anybody's guess.
      world.losePower("torn");
      await expectSurvival(world, history);
    } catch (cause) {
      throw new Error(`${code} at ${operation} ${number}, of ${[...life.failedPaths]}`, { cause });
    }
  }
}

const FAULTS: readonly (readonly [operation: DiskOperation, code: string, atLeast: number])[] = [
  ["write", "ENOSPC", 50],
  ["truncate", "ENOSPC", 12],
  ["make", "ENOSPC", 4],
  ["sync", "EIO", 50],
  ["read", "EIO", 25],
  ["open", "EIO", 30],
  ["rename", "EIO", 7],
  ["remove", "EIO", 12],
];

for (const [operation, code, atLeast] of FAULTS) {
  for (const isLasting of [false, true]) {
    const when = isLasting ? "once and from then on" : "once";
    Deno.test(`EtcdServer reports ${code} at any ${operation}, ${when}, and loses nothing`, async () => {
      assert.ok(await failEach(operation, code, isLasting) >= atLeast);
    });
  }
}

Deno.test("EtcdServer stops when a log entry needs a value that cannot be read", async () => {
  const world = new World(SEED);
  const history = new History();
  await putLargeValues(world, history);
  const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
  world.observe = (operation, path) => {
    if (operation === "read") throw simulatedError(operation, path, "EIO");
  };
  await member.perform({
    kind: "put",
    request: PutRequest.create({ key: "7", ignoreValue: true }),
  });
  await member.stop();
  assert.match(String(member.server.failure), /^DiskError: Cannot read .*\/db: .*EIO/);
  world.losePower("lost");
  await expectSurvival(world, history);
});
