import assert from "node:assert/strict";
import { ETCD_ERRORS } from "../errors.ts";
import { decideClusterVersion } from "./cluster_version.ts";
import {
  checkDowngrade,
  downgradeTargetOf,
  formatDowngrade,
  NO_DOWNGRADE,
  parseDowngrade,
} from "./downgrade.ts";
import { compat } from "./testing/compat.ts";

const TO_3_6 = { enabled: true, targetVersion: "3.6.0" };

Deno.test("downgradeTargetOf() takes versions with and without a patch number", () => {
  for (const text of ["3.6", "3.6.0", "3.6.14", "3.6.0-rc.1", "3.6.1+x.y", "03.06.1"]) {
    assert.equal(downgradeTargetOf(text), "3.6.0", text);
  }
  for (const text of ["", "3", "3.", "v3.6", "3.6-rc", "3.6.0.0", " 3.6", "3.6.0-", "x"]) {
    assert.throws(() => downgradeTargetOf(text), ETCD_ERRORS.wrongDowngradeVersionFormat, text);
  }
});

Deno.test("checkDowngrade() allows one step down and one downgrade at a time", () => {
  checkDowngrade("3.7.0", NO_DOWNGRADE, "3.6.0");
  for (const target of ["3.5.0", "3.7.0", "3.8.0", "2.6.0"]) {
    const refusal = ETCD_ERRORS.invalidDowngradeTargetVersion;
    assert.throws(() => checkDowngrade("3.7.0", NO_DOWNGRADE, target), refusal);
    assert.throws(() => checkDowngrade("3.7.0", TO_3_6, target), refusal);
  }
  assert.throws(() => checkDowngrade("3.7.0", TO_3_6, "3.6.0"), ETCD_ERRORS.downgradeInProcess);
  assert.throws(
    () => checkDowngrade("3.0.0", NO_DOWNGRADE, "3.0.0"),
    ETCD_ERRORS.invalidDowngradeTargetVersion,
  );
  assert.throws(
    () => checkDowngrade(undefined, NO_DOWNGRADE, "3.6.0"),
    ETCD_ERRORS.clusterVersionUnavailable,
  );
});

Deno.test("decideClusterVersion() follows the member's version, and a downgrade", () => {
  const cases: [string | undefined, typeof TO_3_6, string, string | undefined][] = [
    [undefined, NO_DOWNGRADE, "3.7", "3.7.0"],
    ["3.7.0", NO_DOWNGRADE, "3.7", undefined],
    ["3.4.0", NO_DOWNGRADE, "3.7", "3.7.0"],
    ["3.7.0", NO_DOWNGRADE, "3.4", "3.4.0"],
    ["3.7.0", TO_3_6, "3.7", "3.6.0"],
    ["3.6.0", TO_3_6, "3.7", undefined],
    ["3.6.0", TO_3_6, "3.6", undefined],
    ["3.7.0", TO_3_6, "3.6", "3.6.0"],
    ["3.7.0", TO_3_6, "3.5", "3.5.0"],
    ["3.5.0", TO_3_6, "3.7", undefined],
    ["3.6.0", { enabled: true, targetVersion: "3.5.0" }, "3.7", undefined],
  ];
  for (const [clusterVersion, downgrade, line, expected] of cases) {
    const decided = decideClusterVersion(clusterVersion, downgrade, compat(line));
    assert.equal(decided, expected, `${clusterVersion} ${downgrade.targetVersion} ${line}`);
  }
});

Deno.test("CompatVersion.storageVersionIn() is that of the cluster, from 3.6 on", () => {
  assert.equal(compat("3.7").storageVersionIn("3.7.0"), "3.7.0");
  assert.equal(compat("3.7").storageVersionIn("3.6.0"), "3.6.0");
  assert.equal(compat("3.6").storageVersionIn("3.5.0"), undefined);
  assert.equal(compat("3.5").storageVersionIn("3.5.0"), undefined);
});

Deno.test("formatDowngrade() writes etcd's JSON and parseDowngrade() reads it", () => {
  for (const downgrade of [TO_3_6, NO_DOWNGRADE]) {
    assert.deepEqual(parseDowngrade(formatDowngrade(downgrade)), downgrade);
  }
  assert.equal(formatDowngrade(TO_3_6), '{"target-version":"3.6.0","enabled":true}');
  assert.deepEqual(parseDowngrade("{}"), NO_DOWNGRADE);
  for (
    const text of ["", "null", "[]", '{"enabled":true}', '{"enabled":true,"target-version":1}']
  ) {
    assert.throws(() => parseDowngrade(text), SyntaxError, text);
  }
});
