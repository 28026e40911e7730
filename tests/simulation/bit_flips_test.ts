import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import { DiskError } from "../../src/disk/disk_error.ts";
import type { MemoryFileSystem } from "../../src/disk/memory_file_system.ts";
import { readFile } from "../../src/disk/wal_fixtures.ts";
import { BTreeLayout, type ByteRange } from "./btree_layout.ts";
import { live, SMALL_SETTINGS } from "./fixed_scenario.ts";
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
async function readOn(image: Image, bit: Bit): Promise<Outcome> {
  const { world } = image;
  world.disk = image.disk;
  world.losePower("kept");
  const history = image.history.fork();
  const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
  await world.until("checkpoint", member.server.backend.checkpoint());
  history.settle(member.server);
  flip(world.disk, bit);
  const outcome = await outcomeOf(bit, async () => {
    const findings = await member.server.backend.file.check();
    checkMemory(member.server, history.model, new Prng(SEED));
    if (findings.length > 0) throw findings[0];
  });
  await member.stop();
  return outcome;
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
    for (let i = 0; i < 60; i++) {
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

/** Bits of a B-tree file: half of them anywhere, half of them in what holds the tree together. */
function* bitsOfTree(image: Image, count: number): Generator<{ bit: Bit; layout: BTreeLayout }> {
  const bytes = readFile(image.disk, DB_PATH);
  const layout = new BTreeLayout(bytes);
  const prng = new Prng(SEED);
  for (let i = 0; i < count; i++) {
    const range = i % 2 === 0 ? { start: 0, end: bytes.length } : prng.pick(layout.structure);
    yield { bit: randomBit(prng, DB_PATH, range), layout };
  }
}

/**
 * etcd's file has no checksums for pairs: a bit in a key or a value changes just that pair, and
 * nobody can tell. Everything else has to be noticed.
 */
async function flipInTree(
  image: Image,
  count: number,
  look: (image: Image, bit: Bit) => Promise<Outcome>,
): Promise<number> {
  let refused = 0;
  for (const { bit, layout } of bitsOfTree(image, count)) {
    const outcome = await look(image, bit);
    if (outcome === "wrong") assert.ok(layout.isInPair(bit.position), describe(bit));
    if (outcome === "refused") refused++;
  }
  return refused;
}

for (const crashAt of [undefined, CRASH_AT]) {
  const when = crashAt === undefined ? "a stop" : "a crash";
  Deno.test(`EtcdServer never starts from a damaged B-tree after ${when}`, async () => {
    assert.ok(await flipInTree(await imageOf(crashAt), 160, startOn) > 20);
  });
}
