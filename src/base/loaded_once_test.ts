import assert from "node:assert/strict";
import { LoadedOnce } from "./loaded_once.ts";

Deno.test("LoadedOnce loads once for all, and again after a failure", async () => {
  const loads: PromiseWithResolvers<string>[] = [];
  const loaded = new LoadedOnce(() => {
    const load = Promise.withResolvers<string>();
    loads.push(load);
    return load.promise;
  });
  const failing = [loaded.get(), loaded.get()];
  assert.equal(loads.length, 1);
  loads[0].reject(new Error("not here"));
  for (const one of failing) await assert.rejects(one, /not here/);
  const again = loaded.get();
  loads[1].resolve("here");
  assert.deepEqual([await again, await loaded.get(), loads.length], ["here", "here", 2]);
});
