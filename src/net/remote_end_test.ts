import assert from "node:assert/strict";
import { remoteAddressOf } from "./remote_end.ts";

Deno.test("remoteAddressOf() tells an IPv4 address as one, whatever is listened on", () => {
  const cases: ReadonlyArray<readonly [string | undefined, string]> = [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::1", "::1"],
    ["::ffff:1:2", "::ffff:1:2"],
    [undefined, ""],
  ];
  for (const [remoteAddress, address] of cases) {
    assert.equal(remoteAddressOf({ remoteAddress }), address);
  }
});
