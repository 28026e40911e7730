import assert from "node:assert/strict";
import { Prng } from "../../base/prng.ts";
import { STORE_LIMITS } from "./limits.ts";
import { RevisionIndex } from "./revision_index.ts";
import { RevisionLog } from "./revision_log.ts";

interface Logged {
  readonly change: number;
  readonly main: number;
}

/** One key's history of `length` changes, of every second revision. */
function longHistory(log: RevisionLog, length: number): Logged[] {
  const history: Logged[] = [];
  let previous = 0;
  for (let i = 0; i < length; i++) {
    const main = (i + 1) * 2;
    previous = log.add(main, 0, false, 9, previous, i);
    history.push({ change: previous, main });
  }
  return history;
}

Deno.test("RevisionLog.latestAt() finds what was latest, in long histories too", () => {
  const log = new RevisionLog();
  const history = longHistory(log, 5_000);
  const latest = history[history.length - 1].change;
  for (const { change, main } of history) {
    assert.equal(log.latestAt(latest, main), change);
    assert.equal(log.latestAt(latest, main + 1), change);
  }
  assert.equal(log.latestAt(latest, 1), 0);
});

Deno.test("RevisionLog.latestAt() takes few steps through a long history", () => {
  class CountingLog extends RevisionLog {
    steps = 0;
    override main(change: number): number {
      this.steps++;
      return super.main(change);
    }
  }
  const log = new CountingLog();
  const history = longHistory(log, 50_000);
  const latest = history[history.length - 1].change;
  for (const { main } of history.filter((_, i) => i % 997 === 0)) {
    log.steps = 0;
    log.latestAt(latest, main);
    assert.ok(log.steps < 400, `${log.steps} looks at revisions`);
  }
});

Deno.test("RevisionLog links die with what they lead to, also when its number is used again", () => {
  const prng = new Prng(5);
  const log = new RevisionLog();
  const history = longHistory(log, 300);
  const latest = history[history.length - 1].change;
  // Everything up to a point goes, as in a compaction, and other keys take the numbers.
  const gone = history.splice(0, 150);
  for (const { change } of gone) log.remove(change);
  for (let i = 0; i < 100; i++) log.add(1_000 + i, 0, prng.chance(0.5), 11, 0, 0);
  for (const { change, main } of history) assert.equal(log.latestAt(latest, main), change);
  assert.equal(log.previous(history[0].change), 0);
  assert.equal(log.latestAt(latest, history[0].main - 1), 0);
  log.check(() => {});
});

Deno.test("RevisionLog keeps the order of revisions when changes in the middle go", () => {
  const log = new RevisionLog();
  const changes = [2, 3, 3, 4, 7].map((main, i) => log.add(main, i === 2 ? 1 : 0, false, i, 0, 0));
  log.remove(changes[0]);
  log.remove(changes[3]);
  const mains: number[] = [];
  log.check((change) => mains.push(log.main(change)));
  assert.deepEqual(mains, [3, 3, 7]);
  assert.equal(log.oldest, changes[1]);
  assert.equal(log.firstFrom(3), changes[1]);
  assert.equal(log.firstFrom(5), changes[4]);
  assert.equal(log.firstFrom(8), 0);
});

Deno.test("RevisionLog.indexFrom() indexes the first change of each revision, however it is parted", () => {
  for (const limit of [1, 2, 3, 100]) {
    const log = new RevisionLog();
    const mains = [2, 2, 2, 3, 5, 5, 9];
    const changes = mains.map((main, i) => log.addUnindexed(main, i, false, i, 0, 0));
    assert.equal(log.firstFrom(0), 0);
    let rest = changes[3];
    while (rest !== 0) rest = log.indexFrom(rest, limit);
    assert.equal(log.firstFrom(2), changes[3]);
    assert.equal(log.firstFrom(4), changes[4]);
    assert.equal(log.firstFrom(6), changes[6]);
    assert.equal(log.firstFrom(10), 0);
  }
});

Deno.test("RevisionIndex.firstFrom() steps over revisions that are missing", () => {
  const index = new RevisionIndex();
  const chunk = STORE_LIMITS.revisionsPerChunk;
  const revisions = [2, 3, chunk - 1, chunk * 5 + 7, 2 ** 40];
  revisions.forEach((revision, i) => index.add(revision, i + 1));
  revisions.forEach((revision, i) => {
    assert.equal(index.firstFrom(revision), i + 1);
    assert.equal(index.firstFrom(revision + 1), revision === 2 ? 2 : i + 2 > 5 ? 0 : i + 2);
  });
  assert.equal(index.firstFrom(0), 1);
});

Deno.test("RevisionIndex.dropBelow() forgets whole chunks only", () => {
  const index = new RevisionIndex();
  const chunk = STORE_LIMITS.revisionsPerChunk;
  for (let revision = 2; revision < chunk * 3; revision++) index.add(revision, revision);
  index.dropBelow(chunk + 5);
  assert.equal(index.firstFrom(chunk + 5), chunk + 5);
  assert.equal(index.firstFrom(0), chunk);
  index.dropBelow(chunk * 3 + 1);
  index.add(chunk * 3, 77);
  assert.equal(index.firstFrom(chunk * 3), 77);
});
