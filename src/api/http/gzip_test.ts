import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { textFromBytes } from "../../base/bytes.ts";
import { acceptsGzip, gzip } from "./gzip.ts";

Deno.test("gzip() makes what gunzip takes back", async () => {
  assert.equal(textFromBytes(gunzipSync(await gzip("text ".repeat(100)))), "text ".repeat(100));
  assert.deepEqual([...gunzipSync(await gzip(new Uint8Array([1, 2])))], [1, 2]);
});

Deno.test("acceptsGzip() reads a list of codings with weights", () => {
  for (const accepted of ["gzip", "deflate, gzip;q=0.5", "br;q=0, gzip"]) {
    assert.equal(acceptsGzip(accepted), true, accepted);
  }
  for (const accepted of ["", "identity", "xgzip", "gzip;q=0", "gzip; q=0.000"]) {
    assert.equal(acceptsGzip(accepted), false, accepted);
  }
  assert.equal(acceptsGzip(undefined), false);
});
