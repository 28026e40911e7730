import assert from "node:assert/strict";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { ClientError } from "../../../embed/client/client_error.ts";
import { runLoad } from "./load.ts";

const NEVER = new AbortController().signal;

/** Lets time pass in steps until something is done. */
async function passTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isOver = false;
  const done = work.finally(() => isOver = true);
  while (!isOver) {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    clock.advance(1);
  }
  return await done;
}

Deno.test("runLoad() makes as many calls in a second as it was told, for so long", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const plan = { clients: 10, perSecond: 100, durationMs: 2000 };
  const result = await passTime(
    clock,
    runLoad(clock, plan, NEVER, () => {
      calls++;
      return Promise.resolve();
    }),
  );
  assert.ok(calls >= 190 && calls <= 201, `${calls} calls`);
  assert.equal(result.latencies.length, calls);
  assert.ok(result.totalSeconds >= 1.9 && result.totalSeconds < 2.2, `${result.totalSeconds} s`);
});

Deno.test("runLoad() makes so many calls, by so many clients at a time", async () => {
  const clock = new ManualClock();
  let running = 0;
  let most = 0;
  const clients = new Set<number>();
  const { latencies } = await passTime(
    clock,
    runLoad(clock, { clients: 4, calls: 50 }, NEVER, async (client) => {
      clients.add(client);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => clock.setTimer(5, resolve));
      running--;
    }),
  );
  assert.deepEqual([latencies.length, most, clients.size], [50, 4, 4]);
  assert.ok(latencies.every((latency) => latency >= 0.005));
});

Deno.test("runLoad() counts errors by their texts and goes on", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const { errors, latencies } = await runLoad(clock, { clients: 2, calls: 10 }, NEVER, () => {
    if (++calls % 2 === 0) return Promise.resolve();
    return Promise.reject(new ClientError(GrpcCode.ResourceExhausted, "etcdserver: no space"));
  });
  assert.deepEqual([...errors], [["etcdserver: no space", 5]]);
  assert.equal(latencies.length, 5);
});

Deno.test("runLoad() stops when it is told to", async () => {
  const controller = new AbortController();
  let calls = 0;
  await runLoad(new ManualClock(), { clients: 2, calls: 1_000_000 }, controller.signal, () => {
    if (++calls === 10) controller.abort();
    return Promise.resolve();
  });
  assert.ok(calls < 20);
});
