import assert from "node:assert/strict";
import { parseEndpoint } from "./endpoint.ts";

Deno.test("parseEndpoint() reads URLs and host:port", () => {
  const cases: [string, string, boolean][] = [
    ["http://127.0.0.1:2379", "dns:127.0.0.1:2379", false],
    ["127.0.0.1:2379", "dns:127.0.0.1:2379", false],
    ["localhost:2379", "dns:localhost:2379", false],
    ["http://127.0.0.1:2379/", "dns:127.0.0.1:2379", false],
    ["https://example.com", "dns:example.com:443", true],
    ["http://example.com", "dns:example.com:80", false],
    ["https://example.com:2379", "dns:example.com:2379", true],
    ["http://[::1]:2379", "dns:[::1]:2379", false],
    ["[::1]:2379", "dns:[::1]:2379", false],
    ["unix:///run/etcd.sock", "unix:/run/etcd.sock", false],
    ["unixs://localhost:2379", "unix:localhost:2379", true],
    // A host that reads like a scheme of grpc-js's own.
    ["unix:2379", "dns:unix:2379", false],
  ];
  for (const [text, target, secure] of cases) {
    const endpoint = parseEndpoint(text);
    assert.equal(endpoint.text, text);
    assert.equal(endpoint.target, target);
    assert.equal(endpoint.secure, secure);
  }
});

Deno.test("parseEndpoint() tells whose certificate the server has to have", () => {
  assert.equal(parseEndpoint("https://example.com:2379").host, "example.com");
  assert.equal(parseEndpoint("https://[::1]:2379").host, "::1");
  assert.equal(parseEndpoint("unixs:///run/etcd.sock").host, "localhost");
});

Deno.test("parseEndpoint() refuses what is no address", () => {
  for (const text of ["", "http://", "ftp://127.0.0.1:21", "http://a:99999", "unix://", "a b:1"]) {
    assert.throws(() => parseEndpoint(text), (error) => {
      assert.ok(error instanceof TypeError);
      return error.message.startsWith("Cannot connect to ");
    }, text);
  }
});
