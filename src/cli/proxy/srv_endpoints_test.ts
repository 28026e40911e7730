import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { ProxyError } from "./proxy_host.ts";
import type { SrvRecord } from "../srv_lookup.ts";
import { srvEndpoints } from "./srv_endpoints.ts";

const RECORDS: Readonly<Record<string, readonly SrvRecord[]>> = {
  "_etcd-client-ssl._tcp.example.com": [
    { target: "a.example.com.", port: 2379, priority: 1, weight: 10 },
  ],
  "_etcd-client._tcp.example.com": [
    { target: "b.example.com.", port: 2380, priority: 2, weight: 0 },
  ],
  "_etcd-client-blue._tcp.example.com": [
    { target: "c.example.com", port: 1, priority: 0, weight: 0 },
  ],
};

function resolve(name: string): Promise<readonly SrvRecord[]> {
  const records = RECORDS[name];
  return records === undefined
    ? Promise.reject(new Error(`no such name ${name}`))
    : Promise.resolve(records);
}

Deno.test("srvEndpoints() takes servers with TLS, and others if it may", async () => {
  const query = { domain: "example.com", serviceName: "", isInsecure: true };
  const all = await srvEndpoints(query, silentLogger, resolve);
  assert.deepEqual(all.map(({ url }) => url), [
    "https://a.example.com:2379",
    "http://b.example.com:2380",
  ]);
  assert.deepEqual([all[0].priority, all[0].weight], [1, 10]);
  const secure = await srvEndpoints({ ...query, isInsecure: false }, silentLogger, resolve);
  assert.deepEqual(secure.map(({ host }) => host), ["a.example.com"]);
  const blue = await srvEndpoints({ ...query, serviceName: "blue" }, silentLogger, resolve);
  assert.deepEqual(blue.map(({ host }) => host), ["c.example.com"]);
});

Deno.test("srvEndpoints() says that DNS names nobody", async () => {
  const query = { domain: "example.org", serviceName: "", isInsecure: true };
  await assert.rejects(srvEndpoints(query, silentLogger, resolve), (error) => {
    assert(error instanceof ProxyError);
    assert.match(
      error.message,
      /^cannot find servers of example\.org by DNS: lookup .*: no such name/,
    );
    return true;
  });
});
