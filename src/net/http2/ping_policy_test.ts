import assert from "node:assert/strict";
import { PingPolicy } from "./ping_policy.ts";

const RULES = { minIntervalMs: 5_000, minIdleIntervalMs: 7_200_000, maxStrikes: 2 };

Deno.test("PingPolicy allows pings at the least interval while streams are open", () => {
  const policy = new PingPolicy(RULES);
  for (let i = 0; i < 100; i++) assert.equal(policy.allows(i * 5_000, 1, 0), true);
});

Deno.test("PingPolicy refuses the third ping that comes too early", () => {
  const policy = new PingPolicy(RULES);
  assert.deepEqual([0, 1, 2, 3].map((nowMs) => policy.allows(nowMs, 1, 0)), [
    true,
    true,
    true,
    false,
  ]);
});

Deno.test("PingPolicy demands two hours between pings without streams", () => {
  const policy = new PingPolicy(RULES);
  const hourMs = 3_600_000;
  assert.deepEqual([0, 1, 2, 3].map((hour) => policy.allows(hour * hourMs, 0, 0)), [
    true,
    true,
    true,
    false,
  ]);
  const patient = new PingPolicy(RULES);
  for (let i = 0; i < 10; i++) assert.equal(patient.allows(i * 2 * hourMs, 0, 0), true);
});

Deno.test("PingPolicy forgets the strikes when something was sent in between", () => {
  const policy = new PingPolicy(RULES);
  for (let i = 0; i < 1000; i++) assert.equal(policy.allows(i, 1, i), true);
  assert.deepEqual([1, 2, 3].map((i) => policy.allows(1000 + i, 1, 999)), [true, true, false]);
});
