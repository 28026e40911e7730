import assert from "node:assert/strict";
import { parseTarget } from "./request_target.ts";

Deno.test("parseTarget() divides a target and undoes escapes but for slashes", () => {
  assert.deepEqual(parseTarget("/a%20b/%2Fc?d=%20"), {
    path: "/a b/%2Fc",
    search: "?d=%20",
    redirect: undefined,
  });
  assert.equal(parseTarget("/caf%c3%a9%ff")?.path, "/caf%c3%a9%ff");
  assert.equal(parseTarget("/caf%c3%a9/%ff")?.path, "/caf\u00e9/%ff");
});

Deno.test("parseTarget() takes the old name of the API for the new one", () => {
  assert.equal(parseTarget("/v3beta/kv/put")?.path, "/v3/kv/put");
  assert.equal(parseTarget("/v3beta")?.path, "/v3beta");
});

Deno.test("parseTarget() refuses what is no path or has half an escape", () => {
  for (const target of ["", "*", "x", "/%", "/%2", "/%zz", "http://x/"]) {
    assert.equal(parseTarget(target), undefined, target);
  }
});

Deno.test("parseTarget() wants paths without empty parts and without ways up", () => {
  const cases = [
    ["//", "/"],
    ["/.", "/"],
    ["/..", "/"],
    ["/a/..", "/"],
    ["/a//b/", "/a/b/"],
    ["/a/./b", "/a/b"],
    ["/a/../../b?c=//", "/b?c=//"],
    ["/../../etc/passwd", "/etc/passwd"],
    // Browsers take a backslash for a slash, and two in front of a name for another server.
    ["/\\other.example/.", "/%5Cother.example"],
  ];
  for (const [target, redirect] of cases) assert.equal(parseTarget(target)?.redirect, redirect);
  for (const target of ["/", "/a", "/a/", "/.a", "/a..", "/...", "/a?b=/../"]) {
    assert.equal(parseTarget(target)?.redirect, undefined, target);
  }
});
