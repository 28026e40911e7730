import assert from "node:assert/strict";
import { parseUrlList } from "../base/url_list.ts";
import { NotBuiltError } from "./config/errors.ts";
import { distinctAddresses, listenAddressOf, withRealPorts } from "./listeners.ts";

const LISTENERS = [
  { url: "http://127.0.0.1:0", address: "127.0.0.1:4001", port: 4001 },
  { url: "http://[::1]:0", address: "[::1]:4002", port: 4002 },
];

Deno.test("listenAddressOf() listens for localhost where clients look for it", () => {
  const [localhost, ip, ipv6] = parseUrlList(
    "http://localhost:2379,http://10.0.0.1:80,http://[::1]:2379",
  ).sort((a, b) => b.host.localeCompare(a.host));
  assert.deepEqual(listenAddressOf(localhost), { host: "127.0.0.1", port: 2379 });
  assert.deepEqual(
    [ip, ipv6].map(listenAddressOf).sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1),
    [{ host: "10.0.0.1", port: 80 }, { host: "::1", port: 2379 }],
  );
});

Deno.test("listenAddressOf() refuses TLS and unix sockets", () => {
  for (const url of parseUrlList("https://127.0.0.1:2379,unix://socket:0")) {
    assert.throws(() => listenAddressOf(url), NotBuiltError);
  }
});

Deno.test("distinctAddresses() binds an address once and each port 0 by itself", () => {
  const urls = parseUrlList("http://127.0.0.1:1,https://127.0.0.1:1");
  assert.equal(distinctAddresses(urls).length, 1);
  const [free] = parseUrlList("http://127.0.0.1:0");
  assert.equal(distinctAddresses([free, free]).length, 2);
});

Deno.test("withRealPorts() puts the listeners' ports in place of port 0", () => {
  const urls = [...parseUrlList("http://127.0.0.1:0"), ...parseUrlList("http://[::1]:0")];
  assert.deepEqual(withRealPorts(urls, LISTENERS), ["http://127.0.0.1:4001", "http://[::1]:4002"]);
  assert.deepEqual(
    withRealPorts(parseUrlList("http://n1.example:2379"), LISTENERS),
    ["http://n1.example:2379"],
  );
});
