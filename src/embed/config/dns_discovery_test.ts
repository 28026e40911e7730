import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { parseUrlList } from "../../base/url_list.ts";
import { type Config, newConfig } from "./config.ts";
import type { DnsResolver, ServiceRecord } from "./dns_discovery.ts";
import { ConfigError } from "./errors.ts";
import { newZapLoggerBuilder } from "./zap_logger_builder.ts";

function configAt(peerUrls: string): Config {
  const config = newConfig();
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  config.name = "me";
  config.dnsCluster = "example.com";
  config.advertisePeerUrls = parseUrlList(peerUrls);
  return config;
}

/** A DNS in which host `aN.example.com` has the address 10.0.0.N. */
function resolverOf(services: Readonly<Record<string, readonly ServiceRecord[]>>): DnsResolver {
  return {
    services(name) {
      const records = services[name];
      return records === undefined
        ? Promise.reject(new Error(`no such host ${name}`))
        : Promise.resolve(records);
    },
    address(host) {
      const found = /^a(\d+)\.example\.com$/.exec(host);
      return found === null
        ? Promise.reject(new Error(`no such host ${host}`))
        : Promise.resolve(`10.0.0.${found[1]}`);
    },
  };
}

const PLAIN = "_etcd-server._tcp.example.com";
const SECURE = "_etcd-server-ssl._tcp.example.com";

Deno.test("Config.getDnsClusterNames() gives this member its name and numbers the others", async () => {
  const names = await configAt("http://a2.example.com:2380").getDnsClusterNames(resolverOf({
    [PLAIN]: [
      { target: "a1.example.com.", port: 2380 },
      { target: "a2.example.com.", port: 2380 },
      { target: "a3.example.com.", port: 2380 },
    ],
  }));
  assert.deepEqual(names, [
    "0=http://a1.example.com:2380",
    "me=http://a2.example.com:2380",
    "1=http://a3.example.com:2380",
  ]);
});

Deno.test("Config.getDnsClusterNames() joins both services and takes their suffix", async () => {
  const config = configAt("https://a1.example.com:1");
  config.dnsClusterServiceName = "blue";
  const names = await config.getDnsClusterNames(resolverOf({
    "_etcd-server-ssl-blue._tcp.example.com": [{ target: "a1.example.com.", port: 1 }],
    "_etcd-server-blue._tcp.example.com": [{ target: "a2.example.com.", port: 2 }],
  }));
  assert.deepEqual(names, ["me=https://a1.example.com:1", "0=http://a2.example.com:2"]);
});

Deno.test("Config.getDnsClusterNames() passes over hosts that do not resolve", async () => {
  const names = await configAt("http://a9.example.com:1").getDnsClusterNames(resolverOf({
    [PLAIN]: [{ target: "gone.example.com.", port: 1 }, { target: "a1.example.com.", port: 1 }],
  }));
  assert.deepEqual(names, ["0=http://a1.example.com:1"]);
});

Deno.test("Config.getDnsClusterNames() throws when neither service names anybody", async () => {
  await assert.rejects(
    configAt("http://a1.example.com:1").getDnsClusterNames(resolverOf({})),
    (error) => {
      assert(error instanceof ConfigError);
      assert.equal(
        error.message,
        `error querying DNS SRV records for _etcd-server-ssl no such host ${SECURE}\n` +
          `error querying DNS SRV records for _etcd-server no such host ${PLAIN}`,
      );
      return true;
    },
  );
});

Deno.test("Config.getDnsClusterNames() refuses itself under the wrong scheme", async () => {
  await assert.rejects(
    configAt("http://a1.example.com:1").getDnsClusterNames(
      resolverOf({ [SECURE]: [{ target: "a1.example.com.", port: 1 }] }),
    ),
    /bootstrap at https:\/\/a1\.example\.com:1 from DNS for etcd-server-ssl has scheme mismatch with expected peer http:\/\/a1\.example\.com:1/,
  );
});
