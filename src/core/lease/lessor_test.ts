import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { Lessor } from "./lessor.ts";
import { LEASE_LIMITS } from "./limits.ts";

const NO_LIMIT = 1_000_000;

Deno.test("Lessor.grant() refuses when the ID is 0, taken, or the time is too long", () => {
  const lessor = newPrimary();
  assert.throws(() => lessor.grant(0n, 10, 0), ETCD_ERRORS.leaseNotFound);
  assert.throws(() => lessor.grant(1n, 9_000_000_001, 0), ETCD_ERRORS.leaseTTLTooLarge);
  assert.equal(lessor.size, 0);
  assert.equal(lessor.grant(1n, 9_000_000_000, 0).ttlSeconds, 9_000_000_000);
  assert.throws(() => lessor.grant(1n, 10, 0), ETCD_ERRORS.leaseExist);
  assert.deepEqual(lessor.timeToLive(1n, 500), {
    remainingSeconds: 8_999_999_999,
    grantedSeconds: 9_000_000_000,
  });
});

Deno.test("Lessor.grant() raises the time when it is below the least", () => {
  const lessor = newPrimary();
  assert.equal(lessor.grant(1n, 1, 0).ttlSeconds, 2);
  assert.equal(lessor.grant(2n, 0, 0).ttlSeconds, 2);
  assert.equal(lessor.grant(-3n, -5, 0).ttlSeconds, 2);
  assert.equal(lessor.grant(4n, 3, 0).ttlSeconds, 3);
  assert.ok(lessor.has(-3n));
  assert.deepEqual(lessor.expired(1999, NO_LIMIT), []);
  assert.deepEqual(lessor.expired(2000, NO_LIMIT).sort(), [-3n, 1n, 2n].sort());
});

Deno.test("Lessor.revoke() returns the keys sorted by their bytes when they came in any order", () => {
  const lessor = newPrimary();
  lessor.grant(1n, 10, 0);
  for (const key of ["b", "a\xff", "a", "\0", "a\x80", "gone"]) lessor.attach(1n, key);
  lessor.attach(1n, "a");
  lessor.detach(1n, "gone");
  assert.deepEqual(lessor.keys(1n), ["\0", "a", "a\x80", "a\xff", "b"]);
  assert.deepEqual(lessor.revoke(1n), ["\0", "a", "a\x80", "a\xff", "b"]);
  assert.throws(() => lessor.revoke(1n), ETCD_ERRORS.leaseNotFound);
  assert.throws(() => lessor.attach(1n, "a"), ETCD_ERRORS.leaseNotFound);
  lessor.detach(1n, "a");
  assert.deepEqual(lessor.keys(1n), []);
  assert.deepEqual(lessor.expired(NO_LIMIT, NO_LIMIT), []);
});

Deno.test("Lessor.renew() gives the whole time again unless the lease has run out", () => {
  const lessor = newPrimary();
  lessor.grant(1n, 10, 0);
  assert.equal(lessor.renew(2n, 0), undefined);
  assert.equal(lessor.renew(1n, 9_999), 10);
  assert.deepEqual(lessor.expired(19_998, NO_LIMIT), []);
  assert.deepEqual(lessor.timeToLive(1n, 10_000), { remainingSeconds: 9, grantedSeconds: 10 });
  assert.equal(lessor.renew(1n, 19_999), 0);
  assert.deepEqual(lessor.timeToLive(1n, 30_000), { remainingSeconds: 0, grantedSeconds: 10 });
  assert.deepEqual(lessor.expired(19_999, NO_LIMIT), [1n]);
  assert.equal(lessor.renew(1n, 20_000), 0);
});

Deno.test("Lessor.renew() takes back the extra time when a new leader had given some", () => {
  const lessor = newPrimary();
  lessor.grant(1n, 10, 0);
  lessor.promote(0, 60_000);
  assert.equal(lessor.renew(1n, 1_000), 10);
  assert.deepEqual(lessor.expired(10_999, NO_LIMIT), []);
  assert.deepEqual(lessor.expired(11_000, NO_LIMIT), [1n]);
});

Deno.test("Lessor.expired() tells a lease once and again only when it was requeued", () => {
  const lessor = newPrimary();
  for (const id of [3n, 1n, 2n]) lessor.grant(id, 10 + Number(id), 0);
  assert.deepEqual(lessor.expired(60_000, 2), [1n, 2n]);
  assert.deepEqual(lessor.expired(60_000, 2), [3n]);
  assert.deepEqual(lessor.expired(99_000, 2), []);
  lessor.requeue(2n, 70_000);
  lessor.requeue(2n, 60_000);
  lessor.requeue(9n, 60_000);
  assert.deepEqual(lessor.expired(69_999, NO_LIMIT), []);
  assert.deepEqual(lessor.expired(70_000, NO_LIMIT), [2n]);
  lessor.revoke(2n);
  lessor.requeue(2n, 70_000);
  assert.deepEqual(lessor.expired(99_000, NO_LIMIT), []);
});

Deno.test("Lessor never lets a lease expire when it is not primary", () => {
  const lessor = new Lessor({ minTtlSeconds: 2 });
  lessor.grant(1n, 5, 0);
  assert.equal(lessor.primary, false);
  assert.deepEqual(lessor.expired(Number.MAX_VALUE, NO_LIMIT), []);
  assert.throws(() => lessor.renew(1n, 0), ETCD_ERRORS.notLeader);
  assert.deepEqual(lessor.timeToLive(1n, 1e12), { remainingSeconds: 5, grantedSeconds: 5 });
  lessor.promote(1000, 0);
  lessor.grant(2n, 5, 1000);
  lessor.demote();
  lessor.requeue(1n, 0);
  assert.deepEqual(lessor.expired(Number.MAX_VALUE, NO_LIMIT), []);
  assert.deepEqual(lessor.leases().sort(), [1n, 2n]);
});

Deno.test("Lessor.promote() gives every lease its time and the extension when it was restored", () => {
  const lessor = new Lessor({ minTtlSeconds: 2 });
  lessor.restore({ id: 1n, ttlSeconds: 100, remainingTtlSeconds: 0 });
  lessor.restore({ id: 2n, ttlSeconds: 100, remainingTtlSeconds: 30 });
  lessor.grant(3n, 50, 0);
  lessor.promote(5_000, 1_000);
  assert.deepEqual(lessor.leases(), [2n, 3n, 1n]);
  assert.deepEqual(lessor.expired(35_999, NO_LIMIT), []);
  assert.deepEqual(lessor.expired(36_000, NO_LIMIT), [2n]);
  assert.deepEqual(lessor.expired(56_000, NO_LIMIT), [3n]);
  assert.deepEqual(lessor.expired(106_000, NO_LIMIT), [1n]);
  lessor.promote(200_000, 1_000);
  assert.deepEqual(lessor.expired(230_999, NO_LIMIT), []);
  assert.deepEqual(lessor.expired(231_000, NO_LIMIT), [2n]);
});

Deno.test("Lessor.promote() spreads the expiries when there are many leases", () => {
  for (const count of [999, 1000, 5000]) {
    const lessor = new Lessor({ minTtlSeconds: 2 });
    for (let id = 1; id <= count; id++) lessor.grant(BigInt(id), 60, 0);
    lessor.grant(-1n, 9000, 0);
    lessor.promote(0, 1_000);
    assert.deepEqual(lessor.expired(60_999, NO_LIMIT), []);
    const perSecond = expiriesPerSecond(lessor, 61_000, 75);
    if (count + 1 < LEASE_LIMITS.spreadFromLeases) assert.deepEqual(perSecond, [count]);
    else assert.ok(perSecond.every((expiries) => expiries <= 750), `${perSecond}`);
    assert.equal(perSecond.reduce((sum, expiries) => sum + expiries, 0), count);
    assert.deepEqual(lessor.expired(9_000_999, NO_LIMIT), []);
    assert.deepEqual(lessor.expired(9_001_000, NO_LIMIT), [-1n]);
  }
});

Deno.test("Lessor.leases() puts the lease that ends first in front when some were renewed", () => {
  const lessor = newPrimary();
  lessor.grant(1n, 10, 0);
  lessor.grant(2n, 30, 0);
  lessor.grant(3n, 20, 0);
  assert.deepEqual(lessor.leases(), [1n, 3n, 2n]);
  lessor.renew(1n, 9_000);
  lessor.renew(3n, 15_000);
  assert.deepEqual(lessor.leases(), [1n, 2n, 3n]);
});

Deno.test("Lessor.checkpointsDue() tells long leases what is left when the interval has passed", () => {
  const lessor = new Lessor({ minTtlSeconds: 2, checkpointIntervalMs: 300_000 });
  lessor.promote(0, 0);
  lessor.grant(1n, 1000, 0);
  lessor.grant(2n, 300, 0);
  lessor.grant(3n, 2000, 0);
  lessor.grant(4n, 2000, 0);
  lessor.revoke(4n);
  assert.deepEqual(lessor.checkpointsDue(299_999, 10), []);
  assert.deepEqual(lessor.checkpointsDue(300_500, 1), [{ id: 1n, remainingTtlSeconds: 700 }]);
  assert.deepEqual(lessor.checkpointsDue(300_500, 10), [{ id: 3n, remainingTtlSeconds: 1700 }]);
  lessor.checkpoint(1n, 700, 301_000);
  assert.equal(lessor.get(1n)?.remainingTtlSeconds, 700);
  assert.deepEqual(lessor.timeToLive(1n, 301_000), { remainingSeconds: 699, grantedSeconds: 1000 });
  assert.deepEqual(lessor.checkpointsDue(600_600, 10), [{ id: 3n, remainingTtlSeconds: 1400 }]);
  assert.deepEqual(lessor.checkpointsDue(601_000, 10), [{ id: 1n, remainingTtlSeconds: 399 }]);
  lessor.checkpoint(1n, 0, 601_000);
  lessor.checkpoint(9n, 5, 601_000);
  assert.equal(lessor.get(1n)?.remainingTtlSeconds, 0);
  lessor.renew(1n, 900_999);
  assert.deepEqual(lessor.checkpointsDue(900_999, 1), [{ id: 3n, remainingTtlSeconds: 1100 }]);
  assert.deepEqual(lessor.checkpointsDue(901_000, 10), [], "a renewed lease has its whole time");
  lessor.demote();
  assert.deepEqual(lessor.checkpointsDue(1e9, 10), []);
});

Deno.test("Lessor agrees with a simple model when used at random", () => {
  for (let seed = 1; seed <= 200; seed++) new RandomUse(seed).run(300);
});

Deno.test("the model notices when an expiry is told too late or a key is lost", () => {
  assert.throws(() => new RandomUse(1, { lateMs: 1500 }).run(300));
  assert.throws(() => new RandomUse(1, { losesKeys: true }).run(300));
});

function newPrimary(): Lessor {
  const lessor = new Lessor({ minTtlSeconds: 2 });
  lessor.promote(0, 0);
  return lessor;
}

/** How many leases run out in each of the given seconds, without the empty ones at the end. */
function expiriesPerSecond(lessor: Lessor, fromMs: number, seconds: number): number[] {
  const counts: number[] = [];
  for (let second = 0; second < seconds; second++) {
    counts.push(lessor.expired(fromMs + second * 1000 + 999, NO_LIMIT).length);
  }
  while (counts.at(-1) === 0) counts.pop();
  return counts;
}

interface PlantedBug {
  readonly lateMs?: number;
  readonly losesKeys?: boolean;
}

interface ModelLease {
  ttlSeconds: number;
  expiryMs: number;
  told: boolean;
  keys: Set<string>;
}

/** Uses a lessor and the most obvious program that does the same, and compares what they say. */
class RandomUse {
  readonly #seed: number;
  readonly #prng: Prng;
  readonly #bug: PlantedBug;
  readonly #lessor = new Lessor({ minTtlSeconds: 2 });
  readonly #model = new Map<bigint, ModelLease>();
  #primary = false;
  #nowMs = 0;

  constructor(seed: number, bug: PlantedBug = {}) {
    this.#seed = seed;
    this.#prng = new Prng(seed);
    this.#bug = bug;
  }

  run(steps: number): void {
    const actions = [
      () => this.#grant(),
      () => this.#grant(),
      () => this.#revoke(),
      () => this.#renew(),
      () => this.#renew(),
      () => this.#renew(),
      () => this.#changeKeys(),
      () => this.#changeKeys(),
      () => this.#expire(),
      () => this.#expire(),
      () => this.#requeue(),
      () => this.#compareAll(),
      () => this.#nowMs += this.#prng.between(0, 3000),
      () => this.#nowMs += this.#prng.between(0, 3000),
    ];
    for (let step = 0; step < steps; step++) {
      if (this.#prng.chance(0.02) || step === 0) this.#changeLeader();
      this.#prng.pick(actions)();
    }
    this.#compareAll();
  }

  get #why(): string {
    return `seed ${this.#seed} at ${this.#nowMs} ms`;
  }

  #id(): bigint {
    return BigInt(this.#prng.between(-6, 6));
  }

  #grant(): void {
    const [id, ttlSeconds] = [this.#id(), this.#prng.between(0, 12)];
    if (id === 0n || this.#model.has(id)) {
      assert.throws(() => this.#lessor.grant(id, ttlSeconds, this.#nowMs), this.#why);
      return;
    }
    this.#lessor.grant(id, ttlSeconds, this.#nowMs);
    const granted = Math.max(2, ttlSeconds);
    const expiryMs = this.#primary ? this.#nowMs + granted * 1000 : Infinity;
    this.#model.set(id, { ttlSeconds: granted, expiryMs, told: false, keys: new Set() });
  }

  #revoke(): void {
    const id = this.#id();
    const lease = this.#model.get(id);
    if (lease === undefined) {
      assert.throws(() => this.#lessor.revoke(id), this.#why);
      return;
    }
    assert.deepEqual(this.#lessor.revoke(id), [...lease.keys].sort(), this.#why);
    this.#model.delete(id);
  }

  #renew(): void {
    const id = this.#id();
    if (!this.#primary) {
      assert.throws(() => this.#lessor.renew(id, this.#nowMs), this.#why);
      return;
    }
    const lease = this.#model.get(id);
    const alive = lease !== undefined && lease.expiryMs > this.#nowMs;
    const expected = alive ? lease.ttlSeconds : lease && 0;
    assert.equal(this.#lessor.renew(id, this.#nowMs), expected, this.#why);
    if (alive) lease.expiryMs = this.#nowMs + lease.ttlSeconds * 1000;
  }

  #changeKeys(): void {
    const id = this.#id();
    const key = this.#prng.pick(["a", "b", "c"]);
    const lease = this.#model.get(id);
    if (lease === undefined || this.#prng.chance(0.4)) {
      this.#lessor.detach(id, key);
      lease?.keys.delete(key);
    } else {
      this.#lessor.attach(id, key);
      if (!this.#bug.losesKeys) lease.keys.add(key);
    }
  }

  #expire(): void {
    const limit = this.#prng.pick([1, 2, NO_LIMIT]);
    const overdue = new Set<bigint>();
    for (const [id, lease] of this.#model) {
      const dueMs = lease.expiryMs + (this.#bug.lateMs ?? 0);
      if (!lease.told && dueMs <= this.#nowMs) overdue.add(id);
    }
    const told = this.#lessor.expired(this.#nowMs, limit);
    assert.equal(told.length, Math.min(limit, overdue.size), this.#why);
    for (const id of told) {
      assert.ok(overdue.delete(id), `${this.#why}: lease ${id}`);
      const lease = this.#model.get(id);
      if (lease !== undefined) lease.told = true;
    }
  }

  #requeue(): void {
    const id = this.#id();
    this.#lessor.requeue(id, this.#nowMs);
    const lease = this.#model.get(id);
    if (lease !== undefined) lease.told = false;
  }

  #changeLeader(): void {
    this.#primary = !this.#primary;
    if (this.#primary) this.#lessor.promote(this.#nowMs, 1500);
    else this.#lessor.demote();
    for (const lease of this.#model.values()) {
      lease.expiryMs = this.#primary ? this.#nowMs + lease.ttlSeconds * 1000 + 1500 : Infinity;
      lease.told = false;
    }
  }

  #compareAll(): void {
    for (let id = -6n; id <= 6n; id++) {
      const lease = this.#model.get(id);
      assert.equal(this.#lessor.has(id), lease !== undefined, this.#why);
      const times = this.#lessor.timeToLive(id, this.#nowMs);
      if (lease === undefined) {
        assert.equal(times, undefined, this.#why);
        continue;
      }
      const left = Math.max(0, Math.floor((lease.expiryMs - this.#nowMs) / 1000));
      assert.equal(times?.remainingSeconds, this.#primary ? left : lease.ttlSeconds, this.#why);
      assert.deepEqual(this.#lessor.keys(id), [...lease.keys].sort(), this.#why);
    }
    const ends = this.#lessor.leases().map((id) => this.#model.get(id)?.expiryMs ?? NaN);
    assert.deepEqual(ends, [...this.#model.values()].map((lease) => lease.expiryMs).sort(order));
  }
}

function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
