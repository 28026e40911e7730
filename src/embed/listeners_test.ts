import assert from "node:assert/strict";
import { parseUrlList } from "../base/url_list.ts";
import { EndpointUrl } from "../base/endpoint_url.ts";
import { ConfigError } from "./config/errors.ts";
import { listenAddressOf, listenTargets, withRealPorts } from "./listeners.ts";

const NO_OPTIONS = { reusePort: false, reuseAddress: false };

const LISTENERS = [
  { url: "http://127.0.0.1:0", address: "127.0.0.1:4001", port: 4001 },
  { url: "http://[::1]:0", address: "[::1]:4002", port: 4002 },
];

Deno.test("listenAddressOf() listens for localhost where clients look for it", () => {
  const [localhost, ip, ipv6] = parseUrlList(
    "http://localhost:2379,http://10.0.0.1:80,http://[::1]:2379",
  ).sort((a, b) => b.host.localeCompare(a.host));
  assert.deepEqual(listenAddressOf(localhost, NO_OPTIONS), {
    host: "127.0.0.1",
    port: 2379,
    reusePort: false,
  });
  const others = [ip, ipv6].map((url) => listenAddressOf(url, NO_OPTIONS));
  assert.deepEqual(
    others.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1),
    [
      { host: "10.0.0.1", port: 80, reusePort: false },
      { host: "::1", port: 2379, reusePort: false },
    ],
  );
});

Deno.test("listenAddressOf() names a socket's file by host and path together", () => {
  const path = (url: string) => listenAddressOf(EndpointUrl.parse(url), NO_OPTIONS);
  assert.deepEqual(path("unix://localhost:2379"), { path: "localhost:2379" });
  assert.deepEqual(path("unixs:///run/etcd.sock"), { path: "/run/etcd.sock" });
  assert.deepEqual(path("unix://run/etcd.sock"), { path: "run/etcd.sock" });
  assert.throws(() => path("unix://"), ConfigError);
});

Deno.test("listenTargets() puts together what is asked for at one address", () => {
  const targets = (text: string) =>
    listenTargets(parseUrlList(text)).map(({ url, isPlain, isSecure }) => {
      return [url.toString(), isPlain, isSecure];
    });
  assert.deepEqual(targets("http://127.0.0.1:1,https://127.0.0.1:1,https://127.0.0.1:2"), [
    ["http://127.0.0.1:1", true, true],
    ["https://127.0.0.1:2", false, true],
  ]);
  assert.deepEqual(targets("unix://a,unixs://a,unix:///a"), [
    ["unix:///a", true, false],
    ["unix://a", true, true],
  ]);
  assert.equal(targets("http://127.0.0.1:0,http://127.0.0.1:0").length, 2);
});

Deno.test("withRealPorts() puts the listeners' ports in place of port 0", () => {
  const urls = [...parseUrlList("http://127.0.0.1:0"), ...parseUrlList("http://[::1]:0")];
  assert.deepEqual(withRealPorts(urls, LISTENERS), ["http://127.0.0.1:4001", "http://[::1]:4002"]);
  assert.deepEqual(
    withRealPorts(parseUrlList("http://n1.example:2379"), LISTENERS),
    ["http://n1.example:2379"],
  );
});
