import assert from "node:assert/strict";
import { editDistance, nearestName } from "./edit_distance.ts";

Deno.test("editDistance() counts slips", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["name", "nmae", 1],
    ["name", "nane", 1],
    ["name", "names", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, distance] of cases) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});

Deno.test("nearestName() finds what was meant and nothing far-fetched", () => {
  const names = ["name", "data-dir", "wal-dir", "listen-client-urls"];
  assert.equal(nearestName("nmae", names), "name");
  assert.equal(nearestName("listen-client-url", names), "listen-client-urls");
  assert.equal(nearestName("wall-dir", names), "wal-dir");
  assert.equal(nearestName("zzzz", names), undefined);
  assert.equal(nearestName("n".repeat(1000), names), undefined);
});
