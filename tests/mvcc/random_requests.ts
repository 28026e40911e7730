import { bytesFromLatin1 } from "../../src/base/bytes.ts";
import type { Prng } from "../../src/base/prng.ts";
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../src/pb/etcdserverpb.ts";

/** What random requests are made of. */
export interface RequestWorld {
  readonly keys: readonly string[];
  readonly leases: readonly bigint[];
  /** Revisions to ask for lie from here to one above `currentRevision`. */
  readonly oldestRevision: number;
  readonly currentRevision: number;
  readonly maxValueBytes: number;
}

/** Keys that sort close to each other in every way that has ever gone wrong. */
export const TRICKY_KEYS: readonly string[] = [
  "\0",
  "\0\0",
  "a",
  "a\0",
  "a\0b",
  "a\x01",
  "aaaa",
  "aaaa\0",
  "aaab",
  "ab",
  "b",
  "\x7f",
  "\x80",
  "\xff",
  "\xff\xff",
  "x".repeat(70),
  "x".repeat(70) + "a",
  "x".repeat(70) + "b",
  "x".repeat(300),
];

/** The same with some hundred usual keys among them. */
export const MANY_KEYS: readonly string[] = [
  ...TRICKY_KEYS,
  ...Array.from({ length: 200 }, (_, i) => `/registry/pods/ns-${i % 7}/pod-${i}`),
];

export function randomRange(prng: Prng, world: RequestWorld): RangeRequest {
  const request = RangeRequest.create({
    ...randomSpan(prng, world),
    serializable: prng.chance(0.2),
    keysOnly: prng.chance(0.15),
    countOnly: prng.chance(0.1),
  });
  if (prng.chance(0.4)) request.limit = prng.between(-1, 6);
  if (prng.chance(0.4)) request.revision = randomRevision(prng, world);
  if (prng.chance(0.5)) request.sortOrder = prng.between(0, 2);
  if (prng.chance(0.4)) request.sortTarget = prng.between(0, 4);
  if (prng.chance(0.1)) request.minModRevision = randomRevision(prng, world);
  if (prng.chance(0.1)) request.maxModRevision = randomRevision(prng, world);
  if (prng.chance(0.1)) request.minCreateRevision = randomRevision(prng, world);
  if (prng.chance(0.1)) request.maxCreateRevision = randomRevision(prng, world);
  return request;
}

export function randomPut(prng: Prng, world: RequestWorld): PutRequest {
  const request = PutRequest.create({ key: prng.pick(world.keys), prevKv: prng.chance(0.3) });
  if (prng.chance(0.1)) request.ignoreValue = true;
  else request.value = randomValue(prng, world);
  if (prng.chance(0.1)) request.ignoreLease = true;
  else if (world.leases.length > 0 && prng.chance(0.3)) request.lease = prng.pick(world.leases);
  return request;
}

export function randomDeleteRange(prng: Prng, world: RequestWorld): DeleteRangeRequest {
  return DeleteRangeRequest.create({ ...randomSpan(prng, world), prevKv: prng.chance(0.3) });
}

/** A transaction; `depth` is how deep further ones may nest in it. */
export function randomTxn(prng: Prng, world: RequestWorld, depth: number): TxnRequest {
  return TxnRequest.create({
    compare: Array.from({ length: prng.between(0, 2) }, () => randomCompare(prng, world)),
    success: Array.from({ length: prng.between(0, 4) }, () => randomOp(prng, world, depth)),
    failure: Array.from({ length: prng.between(0, 4) }, () => randomOp(prng, world, depth)),
  });
}

function randomOp(prng: Prng, world: RequestWorld, depth: number): RequestOp {
  const choice = prng.fraction();
  if (choice < 0.35) return RequestOp.create({ requestPut: randomPut(prng, world) });
  if (choice < 0.5) return RequestOp.create({ requestDeleteRange: randomDeleteRange(prng, world) });
  if (choice < 0.7 && depth > 0) {
    return RequestOp.create({ requestTxn: randomTxn(prng, world, depth - 1) });
  }
  return RequestOp.create({ requestRange: randomRange(prng, world) });
}

/** Mostly conditions that are nearly true, so that both branches run. */
function randomCompare(prng: Prng, world: RequestWorld): Compare {
  const target = prng.between(0, 4);
  const compare = Compare.create({
    key: prng.pick(world.keys),
    result: prng.between(0, 3),
    target,
    rangeEnd: prng.chance(0.3) ? randomEnd(prng, world) : "",
  });
  if (target === 0) compare.version = prng.between(0, 3);
  else if (target === 1) compare.createRevision = randomRevision(prng, world);
  else if (target === 2) compare.modRevision = randomRevision(prng, world);
  else if (target === 3) compare.value = randomValue(prng, world);
  else compare.lease = world.leases.length > 0 ? prng.pick(world.leases) : 0n;
  return compare;
}

function randomSpan(prng: Prng, world: RequestWorld): { key: string; rangeEnd: string } {
  const choice = prng.fraction();
  if (choice < 0.4) return { key: prng.pick(world.keys), rangeEnd: "" };
  if (choice < 0.55) return { key: "\0", rangeEnd: "\0" };
  return { key: prng.pick(world.keys), rangeEnd: randomEnd(prng, world) };
}

function randomEnd(prng: Prng, world: RequestWorld): string {
  return prng.chance(0.3) ? "\0" : prng.pick(world.keys);
}

/** Now and then one too old or too new. */
function randomRevision(prng: Prng, world: RequestWorld): number {
  return prng.between(world.oldestRevision - 1, world.currentRevision + 1);
}

function randomValue(prng: Prng, world: RequestWorld): Uint8Array {
  if (prng.chance(0.7)) return bytesFromLatin1(`v${prng.between(0, 5)}`);
  const length = prng.between(0, world.maxValueBytes);
  return length < 100 ? prng.bytes(length) : new Uint8Array(length).fill(prng.between(0, 255));
}
