import assert from "node:assert/strict";
import { TxnRequest } from "../../../src/pb/etcdserverpb.ts";
import type { TargetName } from "../../../tests/harness/targets.ts";
import { KEY_BYTES, KeySpace, namespacePrefix, PutTemplate, VALUE_BYTES } from "./key_space.ts";
import type { LargeRow } from "./large_run.ts";
import { largeTableLine } from "./large_suite.ts";
import { latencyMs, OpenLoop, OpenLoopSchedule, plannedWithin } from "./open_loop.ts";
import { targetText, verdict } from "./target.ts";

Deno.test("OpenLoopSchedule plans evenly and says what is due", () => {
  const schedule = new OpenLoopSchedule(1000, 500);
  assert.deepEqual([0, 1, 10].map((i) => schedule.plannedMs(i)), [1000, 1002, 1020]);
  assert.deepEqual([999, 1000, 1001, 1002, 1020].map((now) => schedule.dueCount(now)), [
    0,
    1,
    1,
    2,
    11,
  ]);
});

Deno.test("OpenLoop counts latency from the planned time, whoever stalled", async () => {
  let now = 0;
  const answers: ((isAccepted: boolean) => void)[] = [];
  const loop = new OpenLoop(
    1000,
    () => new Promise((resolve) => answers.push(resolve)),
    () => now,
  );
  loop.pump();
  assert.equal(answers.length, 1);
  now = 4; // The client was held up: the four requests of the meantime leave at once.
  loop.pump();
  assert.equal(answers.length, 5);
  now = 10;
  answers.forEach((answer, i) => answer(i !== 2));
  await loop.drain();
  assert.deepEqual(loop.samples.map(latencyMs), [10, 9, 8, 7, 6]);
  assert.deepEqual(loop.samples.map((sample) => sample.sentMs), [0, 4, 4, 4, 4]);
  assert.deepEqual(loop.samples.map((sample) => sample.isAccepted), [
    true,
    true,
    false,
    true,
    true,
  ]);
  assert.deepEqual(plannedWithin(loop.samples, 1, 3).map((sample) => sample.plannedMs), [1, 2, 3]);
});

Deno.test("OpenLoop goes on while the work does, and waits for the last answer", async () => {
  let answered = 0;
  const loop = new OpenLoop(1000, async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    answered++;
    return true;
  });
  const work = new Promise<string>((resolve) => setTimeout(() => resolve("done"), 50));
  assert.equal(await loop.runDuring(work), "done");
  assert.ok(loop.samples.length > 1);
  assert.equal(answered, loop.samples.length);
  await assert.rejects(loop.runDuring(Promise.reject(new Error("work failed"))), /work failed/);
});

Deno.test("KeySpace makes each key once, in key order, whatever the order of loading", () => {
  for (const order of ["sequential", "scattered"] as const) {
    const keys = new KeySpace(20_000, order);
    const turns = Array.from({ length: keys.count }, (_, turn) => keys.indexOfTurn(turn));
    assert.equal(new Set(turns).size, keys.count);
    assert.equal(turns.every((index, turn) => index === turn), order === "sequential");
    assert.ok(turns.every((index) => index >= 0 && index < keys.count));
  }
  const keys = new KeySpace(30_000, "sequential");
  const all = Array.from({ length: keys.count }, (_, index) => keys.key(index));
  assert.ok(all.every((key, i) => key.length === KEY_BYTES && (i === 0 || all[i - 1] < key)));
  assert.equal(all.filter((key) => key.startsWith(namespacePrefix(1))).length, keys.namespaceKeys);
  assert.notDeepEqual(keys.value(5, 1), keys.value(5, 2));
  assert.equal(keys.value(29_999, 7).length, VALUE_BYTES);
  assert.throws(() => new KeySpace(150, "sequential"), /multiple of 100/);
});

Deno.test("PutTemplate stays a valid request however often it is written over", () => {
  const keys = new KeySpace(1000, "sequential");
  const template = PutTemplate.txn();
  for (const first of [0, 500]) {
    for (let i = 0; i < 100; i++) template.set(i, keys.key(first + i), keys.value(first + i, 1));
    const request = TxnRequest.decode(template.message);
    assert.equal(request.success.length, 100);
    request.success.forEach(({ requestPut: put }, i) => {
      assert.ok(put !== undefined);
      assert.equal(put.key, keys.key(first + i));
      assert.deepEqual(Uint8Array.from(put.value), Uint8Array.from(keys.value(first + i, 1)));
    });
  }
});

Deno.test("verdict() holds the medians against every limit of the target", () => {
  assert.equal(verdict({ timesEtcd: 0.5 }, [10, 20, 30], [10, 1, 99]), "yes");
  assert.equal(verdict({ timesEtcd: 0.5 }, [10, 20, 30], [10.1]), "no");
  assert.equal(verdict({ atMost: 5 }, [], [5]), "yes");
  assert.equal(verdict({ atMost: 5 }, [100], [5.1]), "no");
  assert.equal(verdict({ atMost: 30, timesEtcd: 1 }, [20], [25]), "no");
  assert.equal(verdict({ atMost: 30, timesEtcd: 1 }, [40], [35]), "no");
  assert.equal(verdict({ atMost: 30, timesEtcd: 1 }, [40], [25]), "yes");
  assert.equal(verdict({ timesEtcd: 1 }, [], [25]), "-");
  assert.equal(verdict({ timesEtcd: 1 }, [25], []), "-");
  assert.equal(verdict(undefined, [1], [1]), "-");
  assert.equal(targetText({ atMost: 30, timesEtcd: 1 }, "ms"), "<= 30 ms and <= 1x");
  assert.equal(targetText(undefined, "ms"), "-");
});

Deno.test("largeTableLine() tells what a server lacks from what was not measured", () => {
  const row: LargeRow = {
    id: "a",
    title: "saving",
    unit: "s",
    isRate: false,
    target: { timesEtcd: 1 },
  };
  const results = new Map<string, Map<TargetName, number[]>>();
  assert.deepEqual(largeTableLine(row, results).slice(2), ["-", "-", "-", "<= 1x", "-"]);
  results.set("a", new Map([["etcd", [20, 40, 30]], ["detcd", []]]));
  assert.deepEqual(
    largeTableLine(row, results).slice(2),
    ["30.0 (20.0 - 40.0)", "not available", "-", "<= 1x", "-"],
  );
  results.get("a")?.set("detcd", [15]);
  assert.deepEqual(largeTableLine(row, results).slice(4), ["0.50x", "<= 1x", "yes"]);
});
