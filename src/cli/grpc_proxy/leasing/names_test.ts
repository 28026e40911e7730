import assert from "node:assert/strict";
import { LeasingNames } from "./names.ts";

Deno.test("LeasingNames puts the prefix between the namespace and the key", () => {
  for (const [namespace, end] of [["", "\0"], ["app/", "app0"]]) {
    const names = new LeasingNames(namespace, "L/");
    assert.equal(names.leasingKeyOf(`${namespace}k`), `${namespace}L/k`);
    assert.equal(names.keyOf(`${namespace}L/k`), `${namespace}k`);
    assert.deepEqual(names.all, { key: `${namespace}L/`, rangeEnd: `${namespace}L0` });
    const interval = (key: string, rangeEnd: string) =>
      names.leasingIntervalOf({ key: `${namespace}${key}`, rangeEnd });
    assert.deepEqual(interval("k", ""), { key: `${namespace}L/k`, rangeEnd: "" });
    assert.deepEqual(interval("k", `${namespace}m`), {
      key: `${namespace}L/k`,
      rangeEnd: `${namespace}L/m`,
    });
    // All keys behind one are those of the namespace, whose leasing keys end with the prefix.
    assert.deepEqual(interval("k", end), { key: `${namespace}L/k`, rangeEnd: `${namespace}L0` });
  }
});
