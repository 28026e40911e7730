import assert from "node:assert/strict";
import { SharedRun } from "./shared_run.ts";

/** Runs that end when the test says so. */
class HeldRuns {
  readonly held: PromiseWithResolvers<number>[] = [];
  readonly shared = new SharedRun(() => {
    const run = Promise.withResolvers<number>();
    this.held.push(run);
    return run.promise;
  });
}

async function turns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("SharedRun runs once for all who come while it runs", async () => {
  const { held, shared } = new HeldRuns();
  const first = shared.result();
  const others = Array.from({ length: 100 }, () => shared.result());
  assert.equal(held.length, 1);
  held[0].resolve(1);
  assert.equal(await first, 1);
  await turns();
  assert.equal(held.length, 2);
  const late = shared.result();
  held[1].resolve(2);
  assert.deepEqual(new Set(await Promise.all(others)), new Set([2]));
  await turns();
  held[2].resolve(3);
  assert.equal(await late, 3);
  await turns();
  assert.equal(held.length, 3);
});

Deno.test("SharedRun runs again at once when nobody waits, and after a failure", async () => {
  const { held, shared } = new HeldRuns();
  const failing = shared.result();
  const next = shared.result();
  held[0].reject(new Error("it did not work"));
  await assert.rejects(failing, /did not work/);
  await turns();
  held[1].resolve(2);
  assert.equal(await next, 2);
  await turns();
  const again = shared.result();
  assert.equal(held.length, 3);
  held[2].resolve(3);
  assert.equal(await again, 3);
});
