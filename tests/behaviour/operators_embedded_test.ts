import assert from "node:assert/strict";
import { type Etcd, newMemoryConfig, startEtcd } from "../../mod.ts";
import { httpRequest } from "../harness/http1.ts";
import { parsePrometheusText, sumOf } from "../harness/prometheus_text.ts";

/** A server in this process, as its users embed one. */
async function startServer(change: { enablePprof?: boolean } = {}): Promise<Etcd> {
  const config = newMemoryConfig();
  config.enablePprof = change.enablePprof ?? false;
  const etcd = await startEtcd(config);
  await etcd.server.readyNotify();
  return etcd;
}

async function heapStatus(etcd: Etcd): Promise<number> {
  return (await httpRequest(etcd.clients[0].port, "/debug/pprof/heap")).status;
}

async function putsOf(etcd: Etcd): Promise<number> {
  const { body } = await httpRequest(etcd.clients[0].port, "/metrics");
  return sumOf(parsePrometheusText(body), "etcd_mvcc_put_total");
}

Deno.test("servers in one process have metrics of their own", async () => {
  await using one = await startServer();
  await using other = await startServer();
  await using client = one.client();
  await client.put("a", "1");
  await client.put("a", "2");
  assert.deepEqual([await putsOf(one), await putsOf(other)], [2, 0]);
});

Deno.test("a closed server leaves no profile behind, and a new one samples anew", async () => {
  for (let i = 0; i < 2; i++) {
    await using etcd = await startServer({ enablePprof: true });
    assert.equal(await heapStatus(etcd), 200);
  }
});

Deno.test("servers in one process share the samples of the heap", async () => {
  await using one = await startServer({ enablePprof: true });
  await using other = await startServer({ enablePprof: true });
  assert.deepEqual([await heapStatus(one), await heapStatus(other)], [200, 200]);
  await one.close();
  assert.equal(await heapStatus(other), 200);
});

Deno.test("a server that is closed at once leaves no profile behind", async () => {
  await using etcd = await startServer({ enablePprof: true });
  await etcd.close();
});

Deno.test("closing a server ends the profile that is being made", async () => {
  await using etcd = await startServer({ enablePprof: true });
  const { port } = etcd.clients[0];
  const profile = httpRequest(port, "/debug/pprof/profile?seconds=500");
  while ((await httpRequest(port, "/debug/pprof/profile?seconds=1")).status !== 500);
  await etcd.close();
  assert.equal((await profile).status, 200);
});
