import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import { damage } from "../../src/disk/btree/damage.ts";
import { DiskError } from "../../src/disk/disk_error.ts";
import type { MemoryFileSystem } from "../../src/disk/memory_file_system.ts";
import { readFile } from "../../src/disk/testing/files.ts";
import { BTreeLayout, type ByteRange } from "./btree_layout.ts";
import { live, putLargeValues, SMALL_SETTINGS } from "./fixed_scenario.ts";
import { History } from "./history.ts";
import { checkMemory } from "./member_check.ts";
import { SimulatedMember } from "./simulated_member.ts";
import { World } from "./world.ts";

const SEED = 1;
const WAL_DIR = "/data/member/wal";
const SNAP_DIR = "/data/member/snap";
const DB_PATH = `${SNAP_DIR}/db`;

/** When the power goes in one of the two images: before the last checkpoint. */
const CRASH_AT = 150;

/** A disk that a member has left behind, and what must be on it. */
interface Image {
  readonly world: World;
  readonly disk: MemoryFileSystem;
  readonly history: History;
}

/** A single bit in a file. */
interface Bit {
  readonly path: string;
  readonly position: number;
  readonly mask: number;
}

/** How many bits of the B-tree file are tried, and of each other file. */
const TREE_FLIPS = 300;
const FILE_FLIPS = 60;

type Outcome = "right" | "refused" | "wrong";

async function imageOf(crashAt: number | undefined): Promise<Image> {
  const world = new World(SEED);
  const history = new History();
  if (crashAt !== undefined) world.crashAfter(crashAt);
  try {
    await live(world, history);
  } catch (error) {
    if (world.isAlive) throw error;
  }
  world.losePower("lost");
  return { world, disk: world.disk, history };
}

async function imageOfManyPages(): Promise<Image> {
  const world = new World(SEED);
  const history = new History();
  await putLargeValues(world, history);
  return { world, disk: world.disk, history };
}

function flip(disk: MemoryFileSystem, { path, position, mask }: Bit): void {
  const file = disk.open(path, "write");
  const byte = new Uint8Array(1);
  file.readAt(byte, 0, 1, position);
  byte[0] ^= mask;
  file.writeAt(byte, 0, 1, position);
  file.close();
}

/** What a member makes of an image with a damaged bit. */
async function startOn(image: Image, bit: Bit): Promise<Outcome> {
  const { world } = image;
  world.disk = image.disk;
  world.losePower("kept");
  flip(world.disk, bit);
  return await outcomeOf(bit, async () => {
    const history = image.history.fork();
    const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
    try {
      history.settle(member.server);
      checkMemory(member.server, history.model, new Prng(SEED));
    } finally {
      await member.stop();
    }
  });
}

/** What a member that is running makes of the damage when it reads everything. */
async function readOn(image: Image, seed: number): Promise<Finding> {
  const { world } = image;
  world.disk = image.disk;
  world.losePower("kept");
  const history = image.history.fork();
  const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
  await world.until("checkpoint", member.server.backend.checkpoint());
  history.settle(member.server);
  const bit = bitOfTree(world.disk, seed);
  flip(world.disk, bit);
  const outcome = await outcomeOf(bit, async () => {
    const findings = await member.server.backend.file.check();
    checkMemory(member.server, history.model, new Prng(seed));
    const [finding] = findings;
    if (finding !== undefined) throw damage(DB_PATH, finding.offset, finding.what);
  });
  await member.stop();
  return { bit, outcome };
}

async function outcomeOf({ path }: Bit, run: () => Promise<void>): Promise<Outcome> {
  try {
    await run();
    return "right";
  } catch (error) {
    if (!(error instanceof DiskError)) return "wrong";
    assert.ok(error.message.includes(path), error.message);
    return "refused";
  }
}

function randomBit(prng: Prng, path: string, { start, end }: ByteRange): Bit {
  return { path, position: prng.between(start, end - 1), mask: 1 << prng.between(0, 7) };
}

function describe({ path, position, mask }: Bit): string {
  return `${path} at byte ${position}, bit ${mask}`;
}

/** Files of which not a bit may go wrong unnoticed. */
async function flipEverywhere(image: Image, directory: string, suffix: string): Promise<number> {
  const prng = new Prng(SEED);
  let refused = 0;
  const names = image.disk.readDirectory(directory).filter((name) => name.endsWith(suffix));
  assert.ok(names.length > 0);
  for (const name of names) {
    const path = `${directory}/${name}`;
    const { length } = readFile(image.disk, path);
    for (let i = 0; i < FILE_FLIPS; i++) {
      const bit = randomBit(prng, path, { start: 0, end: length });
      const outcome = await startOn(image, bit);
      assert.notEqual(outcome, "wrong", describe(bit));
      if (outcome === "refused") refused++;
    }
  }
  return refused;
}

for (const crashAt of [undefined, CRASH_AT]) {
  const when = crashAt === undefined ? "a stop" : "a crash";
  Deno.test(`EtcdServer never serves from a log with a damaged bit after ${when}`, async () => {
    assert.ok(await flipEverywhere(await imageOf(crashAt), WAL_DIR, ".wal") > 20);
  });

  // The B-tree file has all that a snapshot file could tell.
  Deno.test(`EtcdServer starts in spite of a damaged snapshot file after ${when}`, async () => {
    assert.equal(await flipEverywhere(await imageOf(crashAt), SNAP_DIR, ".snap"), 0);
  });
}

interface TreeBit extends Bit {
  /** Whether it is a part of a key or a value. */
  readonly isInPair: boolean;
}

interface Finding {
  readonly bit: TreeBit;
  readonly outcome: Outcome;
}

/** A bit of the B-tree file: mostly one of what holds the tree together, else any. */
function bitOfTree(disk: MemoryFileSystem, seed: number): TreeBit {
  const prng = new Prng(seed);
  const bytes = readFile(disk, DB_PATH);
  const layout = new BTreeLayout(bytes);
  const anywhere = { start: 0, end: bytes.length };
  const bit = randomBit(prng, DB_PATH, prng.chance(0.3) ? anywhere : prng.pick(layout.structure));
  return { ...bit, isInPair: layout.isInPair(bit.position) };
}

async function startOnTree(image: Image, seed: number): Promise<Finding> {
  const bit = bitOfTree(image.disk, seed);
  return { bit, outcome: await startOn(image, bit) };
}

/**
 * etcd's file has no checksums for pairs: a bit in a key or a value changes just that pair, and
 * nobody can tell. Everything else has to be noticed.
 */
async function flipInTree(
  image: Image,
  look: (image: Image, seed: number) => Promise<Finding>,
): Promise<number> {
  let refused = 0;
  for (let seed = 1; seed <= TREE_FLIPS; seed++) {
    const { bit, outcome } = await look(image, seed);
    assert.ok(outcome !== "wrong" || bit.isInPair, `seed ${seed}: ${describe(bit)}`);
    if (outcome === "refused") refused++;
  }
  return refused;
}

for (const crashAt of [undefined, CRASH_AT]) {
  const when = crashAt === undefined ? "a stop" : "a crash";
  Deno.test(`EtcdServer never starts from a damaged B-tree after ${when}`, async () => {
    assert.ok(await flipInTree(await imageOf(crashAt), startOnTree) > TREE_FLIPS / 4);
  });
}

Deno.test("EtcdServer never serves from a B-tree that is damaged while it runs", async () => {
  assert.ok(await flipInTree(await imageOfManyPages(), readOn) > TREE_FLIPS / 4);
});
