import assert from "node:assert/strict";
import { bytesFromLatin1, bytesFromText } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import type { KeyValueRef } from "./change.ts";
import { STORE_LIMITS } from "./limits.ts";
import { type SlabOwners, ValueSlabs } from "./value_slabs.ts";

interface Item {
  readonly pair: KeyValue;
  slab: number;
  offset: number;
  length: number;
}

/** The revision of an owner's item. */
function revisionOf(owner: number): number {
  return owner + 2;
}

/** Owners that remember where their items are. */
class Items implements SlabOwners {
  readonly slabs: ValueSlabs;
  readonly byOwner = new Map<number, Item>();
  readonly evictedOwners: number[] = [];

  constructor(budgetBytes?: number) {
    this.slabs = new ValueSlabs(budgetBytes);
  }

  add(owner: number, value: Uint8Array): void {
    const pair = KeyValue.create({
      key: `key-${owner}`,
      createRevision: 2,
      modRevision: revisionOf(owner),
      version: 1,
      value,
    });
    const key = bytesFromLatin1(pair.key);
    this.slabs.addKeyValue(owner, key, key.length, 2, revisionOf(owner), 1, value, 0n);
    const { slab, offset, length } = this.slabs;
    this.byOwner.set(owner, { pair, slab, offset, length });
  }

  release(owner: number): void {
    const item = this.item(owner);
    this.slabs.release(item.slab, item.length);
    this.byOwner.delete(owner);
  }

  item(owner: number): Item {
    const item = this.byOwner.get(owner);
    assert.ok(item !== undefined);
    return item;
  }

  isAt(owner: number, slab: number, offset: number): boolean {
    const item = this.byOwner.get(owner);
    return item !== undefined && item.slab === slab && item.offset === offset;
  }

  moved(owner: number, slab: number, offset: number, length: number): void {
    const item = this.item(owner);
    assert.equal(length, item.length);
    item.slab = slab;
    item.offset = offset;
  }

  evicted(owner: number): void {
    assert.ok(revisionOf(owner) <= this.slabs.evictableRevision, "it can be read elsewhere");
    this.evictedOwners.push(owner);
    this.byOwner.delete(owner);
  }

  check(): void {
    const live = new Map<number, number>();
    for (const { pair, slab, offset, length } of this.byOwner.values()) {
      live.set(slab, (live.get(slab) ?? 0) + ValueSlabs.itemBytes(length));
      assert.deepEqual(decode(this.slabs.read(slab, offset, length)), pair);
    }
    this.slabs.check(live);
  }
}

function decode({ bytes, start, end }: KeyValueRef): KeyValue {
  return KeyValue.decode(bytes, start, end);
}

Deno.test("ValueSlabs keeps what is needed through random releases and reclaiming", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const prng = new Prng(seed);
    const items = new Items();
    const owners: number[] = [];
    for (let owner = 1; owner <= 1_500; owner++) {
      const huge = STORE_LIMITS.slabBytes / STORE_LIMITS.sharedSlabItems + prng.between(0, 1_000);
      const length = prng.chance(0.01) ? huge : prng.between(0, 20_000);
      items.add(owner, new Uint8Array(length).fill(owner));
      owners.push(owner);
      if (prng.chance(0.85)) {
        const [released] = owners.splice(prng.between(0, owners.length - 1), 1);
        items.release(released);
      }
      if (prng.chance(0.1)) items.slabs.reclaim(prng.between(1, 50_000), items);
    }
    while (items.slabs.reclaim(100_000, items));
    items.check();
    const bound = items.slabs.liveBytes * 2 + 2 * STORE_LIMITS.slabBytes;
    assert.ok(items.slabs.allocatedBytes <= bound, "at most half of the space is wasted");
  }
});

Deno.test("ValueSlabs leaves a reference's bytes alone when the item is released and moved", () => {
  const items = new Items();
  const value = bytesFromText("kept".repeat(10_000));
  for (let owner = 1; owner <= 60; owner++) items.add(owner, value);
  const { slab, offset, length, pair } = items.item(2);
  const ref = items.slabs.read(slab, offset, length);
  for (let owner = 3; owner <= 59; owner++) items.release(owner);
  while (items.slabs.reclaim(1_000_000, items));
  assert.notEqual(items.item(2).slab, slab);
  items.release(2);
  for (let owner = 61; owner <= 120; owner++) items.add(owner, value);
  assert.deepEqual(decode(ref), pair);
  items.check();
});

Deno.test("ValueSlabs.reclaim() does no more than its budget asks", () => {
  const items = new Items();
  for (let owner = 1; owner <= 200; owner++) items.add(owner, new Uint8Array(10_000));
  for (let owner = 1; owner <= 200; owner++) if (owner % 10 !== 0) items.release(owner);
  let slices = 1;
  while (items.slabs.reclaim(50_000, items)) slices++;
  assert.ok(slices > 10, "the work was parted");
  items.check();
});

/** Items of which seven fill a slab of 8 KiB, and sixteen slabs the budget. */
function smallSlabs(count: number): Items {
  const items = new Items(1 << 17);
  for (let owner = 1; owner <= count; owner++) items.add(owner, new Uint8Array(1_010));
  return items;
}

Deno.test("ValueSlabs.evict() gives up the oldest slabs until the rest is within the budget", () => {
  const items = smallSlabs(400);
  const { slabs, evictedOwners } = items;
  assert.ok(slabs.isOverBudget);
  slabs.evictableRevision = Infinity;
  const before = slabs.allocatedBytes;
  while (slabs.evict(3_000, items));
  assert.ok(!slabs.isOverBudget);
  const expected = Array.from({ length: evictedOwners.length }, (_, i) => i + 1);
  assert.deepEqual(evictedOwners, expected, "the oldest went, in order");
  assert.ok(slabs.allocatedBytes > (1 << 17) - (1 << 13), "no more went than had to");
  assert.ok(slabs.allocatedBytes < before);
  items.check();
});

Deno.test("ValueSlabs.evict() waits for what cannot be read elsewhere", () => {
  const items = smallSlabs(400);
  items.slabs.evictableRevision = revisionOf(20);
  while (items.slabs.evict(3_000, items));
  assert.ok(items.slabs.isOverBudget);
  assert.ok(items.evictedOwners.length > 10);
  assert.ok(items.evictedOwners.every((owner) => owner <= 20));
  items.check();
});

Deno.test("ValueSlabs.evict() parts the work", () => {
  const items = smallSlabs(400);
  items.slabs.evictableRevision = Infinity;
  let slices = 1;
  while (items.slabs.evict(2_000, items)) slices++;
  assert.ok(slices > 30);
});

Deno.test("ValueSlabs.evict() knows the highest revision of slabs that items moved to", () => {
  // What is left of the second one moves to the third, behind newer items.
  const items = smallSlabs(14);
  for (let owner = 8; owner <= 13; owner++) items.release(owner);
  for (let owner = 15; owner <= 20; owner++) items.add(owner, new Uint8Array(1_010));
  while (items.slabs.reclaim(1_000, items));
  assert.equal(items.item(14).slab, items.item(15).slab);
  for (let owner = 21; owner <= 400; owner++) items.add(owner, new Uint8Array(1_010));
  items.slabs.evictableRevision = revisionOf(14);
  while (items.slabs.evict(10_000, items));
  assert.deepEqual(items.evictedOwners, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("ValueSlabs.evict() leaves moved items alone that cannot be read elsewhere", () => {
  const items = smallSlabs(70);
  for (let owner = 8; owner <= 70; owner++) if (owner % 7 !== 0) items.release(owner);
  while (items.slabs.reclaim(1_000, items));
  for (let owner = 71; owner <= 400; owner++) items.add(owner, new Uint8Array(1_010));
  items.slabs.evictableRevision = revisionOf(7);
  while (items.slabs.evict(10_000, items));
  assert.deepEqual(items.evictedOwners, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("ValueSlabs.reclaim() does not move what is to be evicted", () => {
  const items = smallSlabs(400);
  for (let owner = 2; owner <= 70; owner++) if (owner % 7 !== 0) items.release(owner);
  items.slabs.evictableRevision = revisionOf(70);
  while (items.slabs.reclaim(1_000, items));
  assert.deepEqual(items.evictedOwners, [1, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
  items.check();
});

Deno.test("ValueSlabs.reclaim() and evict() share the work on a slab", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const prng = new Prng(seed);
    const items = new Items(prng.between(0, 40_000));
    for (let owner = 1; owner <= 400; owner++) {
      items.add(owner, new Uint8Array(prng.between(0, 3_000)).fill(owner));
      const released = prng.between(1, owner);
      if (prng.chance(0.7) && items.byOwner.has(released)) items.release(released);
      items.slabs.evictableRevision = revisionOf(prng.between(owner >> 1, owner));
      if (prng.chance(0.4)) items.slabs.reclaim(prng.between(1, 4_000), items);
      if (prng.chance(0.4)) items.slabs.evict(prng.between(1, 4_000), items);
      if (owner % 20 === 0) items.check();
    }
    items.slabs.evictableRevision = Infinity;
    while (items.slabs.evict(1_000, items) || items.slabs.reclaim(1_000, items));
    items.check();
    assert.ok(items.evictedOwners.length > 100);
    assert.equal(new Set(items.evictedOwners).size, items.evictedOwners.length);
  }
});

Deno.test("ValueSlabs leaves a reference's bytes alone when the item is evicted", () => {
  const items = smallSlabs(400);
  const { slab, offset, length, pair } = items.item(1);
  const ref = items.slabs.read(slab, offset, length);
  items.slabs.evictableRevision = Infinity;
  while (items.slabs.evict(10_000, items));
  for (let owner = 401; owner <= 800; owner++) items.add(owner, new Uint8Array(1_010).fill(9));
  assert.deepEqual(decode(ref), pair);
});
