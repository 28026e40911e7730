import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { PeriodicCompactor } from "./periodic_compactor.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = 5_000;

/**
 * Makes looks; the revision is the time in minutes, and compactions succeed unless told. What is
 * expected are the times and revisions of etcd's own compactor, whose oldest sample is one look
 * older than the period from the second compaction on.
 */
class Timeline {
  readonly compactor: PeriodicCompactor;
  /** `minute of the compaction: minute that became its revision`. */
  readonly compactions: string[] = [];
  leads = true;
  works = true;
  #nowMs = START_MS;

  constructor(periodMs: number) {
    this.compactor = new PeriodicCompactor(periodMs, START_MS, this.#revision());
  }

  /** Looks up to and at this minute. */
  until(minute: number): string[] {
    const { lookIntervalMs } = this.compactor;
    while (this.#nowMs + lookIntervalMs <= START_MS + minute * MINUTE_MS) {
      this.#nowMs += lookIntervalMs;
      const revision = this.compactor.look(this.#nowMs, this.#revision(), this.leads);
      if (revision === undefined) continue;
      this.compactions.push(`${this.#revision() - 1}: ${revision - 1}`);
      if (this.works) this.compactor.compacted(revision, this.#nowMs);
    }
    return this.compactions.splice(0);
  }

  #revision(): number {
    return 1 + (this.#nowMs - START_MS) / MINUTE_MS;
  }
}

Deno.test("PeriodicCompactor looks ten times a period, and every 6 minutes from an hour on", () => {
  const interval = (periodMs: number) => new PeriodicCompactor(periodMs, 0, 1).lookIntervalMs;
  assert.equal(interval(10 * MINUTE_MS), MINUTE_MS);
  assert.equal(interval(HOUR_MS), 6 * MINUTE_MS);
  assert.equal(interval(24 * HOUR_MS), 6 * MINUTE_MS);
  assert.equal(interval(5_000), 500);
});

Deno.test("PeriodicCompactor keeps a period of up to an hour and compacts each period", () => {
  assert.deepEqual(new Timeline(HOUR_MS).until(200), ["60: 0", "120: 54", "180: 114"]);
  assert.deepEqual(new Timeline(10 * MINUTE_MS).until(35), ["10: 0", "20: 9", "30: 19"]);
});

Deno.test("PeriodicCompactor keeps a longer period and compacts each hour", () => {
  const timeline = new Timeline(24 * HOUR_MS);
  assert.deepEqual(timeline.until(24 * 60 - 1), []);
  assert.deepEqual(timeline.until(27 * 60), ["1440: 0", "1500: 54", "1560: 114", "1620: 174"]);
  assert.deepEqual(new Timeline(90 * MINUTE_MS).until(215), ["90: 0", "150: 54", "210: 114"]);
});

Deno.test("PeriodicCompactor tries a failed compaction again at the next look", () => {
  const timeline = new Timeline(HOUR_MS);
  timeline.works = false;
  assert.deepEqual(timeline.until(72), ["60: 0", "66: 0", "72: 6"]);
  timeline.works = true;
  assert.deepEqual(timeline.until(200), ["78: 12", "138: 72", "198: 132"]);
});

Deno.test("PeriodicCompactor only samples while this member does not lead", () => {
  const timeline = new Timeline(HOUR_MS);
  timeline.leads = false;
  assert.deepEqual(timeline.until(300), []);
  timeline.leads = true;
  assert.deepEqual(timeline.until(400), ["306: 240", "366: 300"]);
});

Deno.test("PeriodicCompactor does not repeat itself while the revision stands still", () => {
  const compactor = new PeriodicCompactor(HOUR_MS, 0, 7);
  const looks = Array.from({ length: 50 }, (_, i) => {
    const nowMs = (i + 1) * compactor.lookIntervalMs;
    const revision = compactor.look(nowMs, 7, true);
    if (revision !== undefined) compactor.compacted(revision, nowMs);
    return revision;
  });
  assert.deepEqual(looks.filter((revision) => revision !== undefined), [7]);
  assert.equal(looks[9], 7);
  // What comes after is compacted as soon as it is old enough.
  const later = Array.from(
    { length: 12 },
    (_, i) => compactor.look((51 + i) * compactor.lookIntervalMs, 8, true),
  );
  assert.deepEqual(later, [...Array(11).fill(undefined), 8]);
});

Deno.test("PeriodicCompactor never takes what is younger than its period", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const prng = new Prng(seed);
    const periodMs = prng.pick([prng.between(10, 1_000), prng.between(1, 200) * MINUTE_MS]);
    const compactor = new PeriodicCompactor(periodMs, 0, 1);
    const times = [0];
    let nowMs = 0;
    let compactedAtMs = 0;
    for (let i = 0; i < 300; i++) {
      // Timers are late now and then, and never early.
      nowMs += compactor.lookIntervalMs * (prng.chance(0.1) ? 1 + prng.between(0, 30) / 10 : 1);
      times.push(nowMs);
      const revision = compactor.look(nowMs, times.length, prng.chance(0.7));
      if (revision === undefined) continue;
      const where = `seed ${seed}, look ${i}`;
      const ageMs = nowMs - times[revision - 1];
      assert.ok(ageMs > periodMs * 0.999999, `${where}: ${ageMs} of ${periodMs} ms`);
      const pauseMs = nowMs - compactedAtMs;
      assert.ok(pauseMs >= Math.min(periodMs, HOUR_MS) * 0.999999, where);
      if (prng.chance(0.8)) {
        compactor.compacted(revision, nowMs);
        compactedAtMs = nowMs;
      }
    }
    assert.ok(compactedAtMs > 0, `seed ${seed}`);
  }
});
