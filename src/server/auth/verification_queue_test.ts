import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { TurnClock } from "../../base/turn_clock.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { LOCAL_END, type RemoteEnd } from "../../net/remote_end.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { VerificationQueue } from "./verification_queue.ts";

/** A connection from somewhere. */
function remoteAt(address: string): RemoteEnd {
  return { ...LOCAL_END, address };
}

/** Lets everything go on that needs no turn of its own. */
async function settle(): Promise<void> {
  for (let i = 0; i < 1_000; i++) await Promise.resolve();
}

Deno.test("VerificationQueue begins only so many in a turn, however soon they end", async () => {
  const clock = new TurnClock();
  const queue = new VerificationQueue(clock);
  let begunCount = 0;
  const all = Array.from({ length: 3 * AUTH_LIMITS.verificationsPerTurn }, () => {
    return queue.run(remoteAt("192.0.2.1"), () => {
      begunCount++;
      return Promise.resolve();
    });
  });
  for (let turn = 1; turn <= 3; turn++) {
    await settle();
    assert.equal(begunCount, turn * AUTH_LIMITS.verificationsPerTurn);
    assert.ok(clock.nextTurn());
  }
  await Promise.all(all);
  assert.ok(!clock.nextTurn());
});

Deno.test("VerificationQueue has only so many under way, however many turns they take", async () => {
  const clock = new ManualClock();
  const queue = new VerificationQueue(clock);
  const running: PromiseWithResolvers<void>[] = [];
  const all = Array.from({ length: AUTH_LIMITS.runningVerifications + 1 }, () => {
    return queue.run(remoteAt("192.0.2.1"), () => {
      const result = Promise.withResolvers<void>();
      running.push(result);
      return result.promise;
    });
  });
  for (let turn = 0; turn < 10; turn++) clock.advance(0);
  assert.equal(running.length, AUTH_LIMITS.runningVerifications);
  running[0].reject(new Error("defect"));
  await assert.rejects(all[0], /defect/);
  await settle();
  for (const { resolve } of running) resolve();
  await Promise.all(all.slice(1));
  clock.advance(0);
});

Deno.test("VerificationQueue serves connections in turn, and bounds what waits of one", async () => {
  const clock = new ManualClock();
  const queue = new VerificationQueue(clock);
  const order: string[] = [];
  const run = (remote: RemoteEnd, name: string) =>
    queue.run(remote, () => {
      order.push(name);
      return Promise.resolve();
    });
  const [greedy, modest] = [remoteAt("192.0.2.1"), remoteAt("192.0.2.1")];
  const count = AUTH_LIMITS.verificationsPerTurn + AUTH_LIMITS.waitingTokensPerConnection;
  const flood = Array.from({ length: count }, () => run(greedy, "flood"));
  await assert.rejects(run(greedy, "flood"), ETCD_ERRORS.requestTooManyRequests);
  const other = run(modest, "other");
  await settle();
  clock.advance(0);
  await other;
  assert.ok(order.indexOf("other") <= AUTH_LIMITS.verificationsPerTurn + 1);
  queue.close();
  const ends = await Promise.allSettled(flood);
  assert.ok(ends.some((end) => end.status === "rejected" && end.reason === ETCD_ERRORS.stopped));
  await assert.rejects(
    queue.run(modest, () => Promise.resolve()),
    ETCD_ERRORS.stopped,
  );
});
