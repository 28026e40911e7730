import assert from "node:assert/strict";
import { Quota } from "./quota.ts";

function quotaAt(configuredBytes: number, totalBytes: number): Quota {
  return new Quota(configuredBytes, { totalBytes, inUseBytes: 0 });
}

Deno.test("Quota.fits() leaves the quota itself unreached", () => {
  const quota = quotaAt(1000, 700);
  assert.deepEqual([quota.fits(299), quota.fits(300), quota.fits(301)], [true, false, false]);
});

Deno.test("Quota.fits() lets everything pass that takes no space", () => {
  assert.deepEqual([quotaAt(1000, 5000).fits(0), quotaAt(1000, 5000).fits(1)], [true, false]);
});

Deno.test("Quota is 2 GiB when none is given, and no bound when it is negative", () => {
  const gib = 1024 ** 3;
  const unset = quotaAt(0, 2 * gib - 10);
  assert.deepEqual([unset.quotaBytes, unset.fits(9), unset.fits(10)], [2 * gib, true, false]);
  const none = quotaAt(-5, 1e15);
  assert.deepEqual([none.quotaBytes, none.fits(1e15)], [-5, true]);
});
