import assert from "node:assert/strict";
import { checkClusterVersion, ClusterVersionRefused } from "./cluster_version.ts";
import { CompatVersion } from "./compat_version.ts";
import { compat } from "./testing/compat.ts";

Deno.test("CompatVersion knows what the members of each line say and write", () => {
  const said = CompatVersion.lines().map((line) => {
    const { release, clusterVersion, storageVersion, publishesByV3 } = compat(line);
    return [release, clusterVersion, storageVersion, publishesByV3];
  });
  assert.deepEqual(said, [
    ["3.4.23", "3.4.0", undefined, false],
    ["3.5.21", "3.5.0", undefined, false],
    ["3.6.14", "3.6.0", "3.6.0", true],
    ["3.7.1", "3.7.0", "3.7.0", true],
  ]);
  assert.equal(CompatVersion.newest.line, CompatVersion.lines().at(-1));
});

Deno.test("CompatVersion.of() knows no other lines", () => {
  for (const line of ["", "3", "3.3", "3.8", "3.40", "3.7.1", "v3.7"]) {
    assert.equal(CompatVersion.of(line), undefined, line);
  }
});

Deno.test("CompatVersion.runsIn() takes clusters of its own and of lower versions", () => {
  const version = compat("3.5");
  for (const cluster of ["2.3.0", "3.0.0", "3.4.0", "3.5.0", "3.5.21"]) {
    assert.ok(version.runsIn(cluster), cluster);
  }
  for (const cluster of ["3.6.0", "3.10.0", "4.0.0", "", "3.5", "x3.4.0"]) {
    assert.ok(!version.runsIn(cluster), cluster);
  }
});

Deno.test("checkClusterVersion() refuses what is above all that detcd knows", () => {
  checkClusterVersion("3.0.0");
  checkClusterVersion(CompatVersion.newest.clusterVersion);
  assert.throws(() => checkClusterVersion("3.8.0"), (error) => {
    assert.ok(error instanceof ClusterVersionRefused);
    assert.match(error.message, /3\.8\.0.*3\.7.*invalid downgrade/);
    return true;
  });
});
