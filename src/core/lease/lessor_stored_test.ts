import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import type { Lease } from "./lease.ts";
import { Lessor } from "./lessor.ts";

function newLessor(): Lessor {
  return new Lessor({ minTtlSeconds: 2 });
}

/** What a file knows that stores what `takeChanged` tells. */
class StoredLeases {
  readonly leases = new Map<bigint, Lease>();

  /** Takes the changes over; returns how many there were. */
  take(lessor: Lessor): number {
    const ids = lessor.takeChanged();
    assert.equal(new Set(ids).size, ids.length, "each is told once");
    for (const id of ids) {
      const lease = lessor.get(id);
      if (lease === undefined) this.leases.delete(id);
      else this.leases.set(id, copyOf(lease));
    }
    return ids.length;
  }
}

function copyOf({ id, ttlSeconds, remainingTtlSeconds }: Lease): Lease {
  return { id, ttlSeconds, remainingTtlSeconds };
}

function leasesOf(lessor: Lessor): Map<bigint, Lease> {
  return new Map([...lessor.all()].map((lease) => [lease.id, copyOf(lease)]));
}

Deno.test("Lessor.takeChanged() tells grants, checkpoints and revocations once", () => {
  const lessor = newLessor();
  lessor.grant(1n, 10, 0);
  lessor.grant(2n, 10, 0);
  assert.deepEqual(lessor.takeChanged(), [1n, 2n]);
  assert.deepEqual(lessor.takeChanged(), []);
  lessor.checkpoint(2n, 4, 0);
  lessor.checkpoint(2n, 3, 0);
  lessor.checkpoint(9n, 3, 0);
  lessor.attach(1n, "a");
  assert.deepEqual(lessor.takeChanged(), [2n]);
  lessor.revoke(1n);
  assert.deepEqual(lessor.takeChanged(), [1n]);
  assert.deepEqual(lessor.takeChanged(), []);
});

Deno.test("Lessor.takeChanged() tells nothing of leases that were restored until they change", () => {
  const lessor = newLessor();
  lessor.restore({ id: 1n, ttlSeconds: 10, remainingTtlSeconds: 0 });
  assert.deepEqual(lessor.takeChanged(), []);
  lessor.revoke(1n);
  assert.deepEqual(lessor.takeChanged(), [1n]);
});

Deno.test("Lessor.takeChanged() tells nothing of leases that came and went in between", () => {
  const lessor = newLessor();
  for (let id = 1n; id <= 100n; id++) {
    lessor.grant(id, 10, 0);
    lessor.revoke(id);
  }
  assert.deepEqual(lessor.takeChanged(), []);
});

Deno.test("Lessor.takeChanged() tells of a stored ID that was granted and revoked again", () => {
  const lessor = newLessor();
  lessor.grant(1n, 10, 0);
  lessor.takeChanged();
  lessor.revoke(1n);
  lessor.grant(1n, 20, 0);
  lessor.revoke(1n);
  assert.deepEqual(lessor.takeChanged(), [1n]);
  assert.equal(lessor.get(1n), undefined);
});

Deno.test("Lessor.takeChanged() keeps a copy equal, whatever happened in between", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const prng = new Prng(seed);
    const lessor = newLessor();
    const stored = new StoredLeases();
    for (let step = 0; step < 200; step++) {
      const id = BigInt(prng.between(1, 6));
      const action = prng.between(0, 5);
      if (action <= 1 && !lessor.has(id)) lessor.grant(id, prng.between(2, 99), 0);
      else if (action <= 3 && lessor.has(id)) lessor.revoke(id);
      else if (action === 4) lessor.checkpoint(id, prng.between(0, 9), 0);
      else if (action === 5) {
        assert.ok(stored.take(lessor) <= 6);
        assert.deepEqual(order(stored.leases), order(leasesOf(lessor)), `seed ${seed}`);
      }
    }
  }
});

function order(leases: Map<bigint, Lease>): Lease[] {
  return [...leases.values()].sort((a, b) => Number(a.id - b.id));
}

Deno.test("Lessor.restore() gives at least what a lease gets now", () => {
  const lessor = new Lessor({ minTtlSeconds: 15 });
  lessor.restore({ id: 1n, ttlSeconds: 2, remainingTtlSeconds: 0 });
  lessor.restore({ id: 2n, ttlSeconds: 20, remainingTtlSeconds: 3 });
  assert.deepEqual([...leasesOf(lessor).values()], [
    { id: 1n, ttlSeconds: 15, remainingTtlSeconds: 0 },
    { id: 2n, ttlSeconds: 20, remainingTtlSeconds: 3 },
  ]);
});

Deno.test("Lessor.takeChanged() keeps checkpoints to itself when they are not to be stored", () => {
  const lessor = new Lessor({ minTtlSeconds: 2, storeCheckpoints: false });
  lessor.grant(1n, 10, 0);
  lessor.takeChanged();
  lessor.checkpoint(1n, 4, 0);
  assert.deepEqual(lessor.takeChanged(), []);
  assert.equal(lessor.get(1n)?.remainingTtlSeconds, 4);
});
