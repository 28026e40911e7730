import assert from "node:assert/strict";
import { KeepAlive } from "./keep_alive.ts";

Deno.test("KeepAlive pings after silence and gives up without an answer", () => {
  const keepAlive = new KeepAlive(0, 100, 20);
  assert.equal(keepAlive.check(99, false), "alive");
  assert.equal(keepAlive.check(100, false), "ping");
  assert.equal(keepAlive.check(119, false), "alive");
  assert.equal(keepAlive.check(120, false), "dead");
});

Deno.test("KeepAlive takes any sign of life for an answer", () => {
  const keepAlive = new KeepAlive(0, 100, 20);
  assert.equal(keepAlive.check(100, false), "ping");
  assert.equal(keepAlive.check(110, true), "alive");
  assert.equal(keepAlive.check(209, false), "alive");
  assert.equal(keepAlive.check(210, false), "ping");
});

Deno.test("KeepAlive never pings when its interval is infinite", () => {
  const keepAlive = new KeepAlive(0, Infinity, 20);
  assert.equal(keepAlive.check(1e12, false), "alive");
});
