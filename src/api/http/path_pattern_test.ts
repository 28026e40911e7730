import assert from "node:assert/strict";
import { pathPatternFor } from "./path_pattern.ts";

Deno.test("pathPatternFor() finds the longest pattern, whatever their order", () => {
  const patterns = new Map(["/a/", "/", "/a/b/c/", "/a/b/", "/a/b"].map((one) => [one, one]));
  const cases = [
    ["/", "/"],
    ["/a", "/"],
    ["/a/", "/a/"],
    ["/a/b", "/a/b"],
    ["/a/b/", "/a/b/"],
    ["/a/b/c", "/a/b/"],
    ["/a/b/c/d", "/a/b/c/"],
    ["/a/bc", "/a/"],
    ["/b", "/"],
  ];
  for (const [path, pattern] of cases) assert.equal(pathPatternFor(patterns, path), pattern, path);
  assert.equal(pathPatternFor(new Map([["/a/", 1], ["/b", 1]]), "/b/a/"), undefined);
});

Deno.test("pathPatternFor() takes no longer for many folders than for one", () => {
  const path = "/a".repeat(1_000_000);
  assert.equal(pathPatternFor(new Map([["/health", 1], ["/a/", 1]]), path), "/a/");
});
