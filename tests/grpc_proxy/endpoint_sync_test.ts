import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/log.ts";
import { ManualClock } from "../../src/base/manual_clock.ts";
import { systemClock } from "../../src/base/clock.ts";
import { EndpointSync } from "../../src/cli/grpc_proxy/endpoint_sync.ts";
import { Upstream } from "../../src/cli/grpc_proxy/upstream.ts";
import { RangeRequest, RangeResponse } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";

const REQUEST = RangeRequest.encode(RangeRequest.create({ key: "k" }));

async function clusterBehind(upstream: Upstream): Promise<bigint | undefined> {
  const bytes = await upstream.unary(KV_SERVICE.range.path, REQUEST, undefined, 5000);
  return RangeResponse.decode(bytes).header?.clusterId;
}

Deno.test("Upstream.useEndpoints() goes on with other servers", async () => {
  const servers = await Promise.all([ServerProcess.start("detcd"), ServerProcess.start("detcd")]);
  const [first, second] = servers.map(({ endpoint }) => `http://${endpoint}`);
  const upstream = await Upstream.open([first], {}, systemClock);
  try {
    const before = await clusterBehind(upstream);
    assert.equal(upstream.useEndpoints([first]), false);
    assert.equal(upstream.useEndpoints([]), false);
    assert.equal(upstream.useEndpoints([second]), true);
    assert.deepEqual(upstream.endpoints, [second]);
    assert.notEqual(await clusterBehind(upstream), before);
  } finally {
    upstream.close();
    for (const server of servers) await server.dispose();
  }
});

Deno.test("EndpointSync takes the members' own URLs", async () => {
  const server = await ServerProcess.start("detcd");
  const [unused] = await freePorts(1);
  const given = [`http://127.0.0.1:${unused}`, `http://${server.endpoint}`];
  const upstream = await Upstream.open(given, {}, systemClock);
  const clock = new ManualClock();
  const changed = Promise.withResolvers<void>();
  const sync = new EndpointSync(upstream, 1000, clock, {
    ...silentLogger,
    info: () => changed.resolve(),
  });
  try {
    sync.start();
    clock.advance(1000);
    await changed.promise;
    assert.deepEqual(upstream.endpoints, [`http://${server.endpoint}`]);
  } finally {
    sync.stop();
    upstream.close();
    await server.dispose();
  }
});
