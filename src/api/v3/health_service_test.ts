import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { HealthCheckRequest, HealthCheckResponse, ServingStatus } from "../../pb/healthpb.ts";
import { HEALTH_SERVICE } from "../../pb/services.ts";
import type { FakeStream } from "../../net/grpc/testing/fake_stream.ts";
import { testConfig } from "../../server/testing/server_fixtures.ts";
import {
  CANCEL,
  finished,
  type MaintenanceFixture,
  responseOf,
  withServer,
} from "./testing/maintenance_fixtures.ts";

function watch(fixture: MaintenanceFixture): FakeStream {
  return fixture.ask(HEALTH_SERVICE.watch.path, HealthCheckRequest, { service: "" });
}

async function check(fixture: MaintenanceFixture): Promise<number> {
  const stream = fixture.ask(HEALTH_SERVICE.check.path, HealthCheckRequest, { service: "" });
  await finished(stream);
  return responseOf(stream, HealthCheckResponse).status;
}

function told(stream: FakeStream): number[] {
  return stream.messages.map(({ bytes }) => HealthCheckResponse.decode(bytes).status);
}

const { SERVING, NOT_SERVING } = ServingStatus;

Deno.test("HealthService says NOT_SERVING while the file is defragmented, if it is told to", () => {
  const config = testConfig(undefined, { stopsServingOnDefragment: true });
  return withServer(config, async (fixture) => {
    const watcher = watch(fixture);
    const defragmenting = [fixture.server.defragment(), fixture.server.defragment()];
    assert.equal(await check(fixture), NOT_SERVING);
    await Promise.all(defragmenting);
    while (told(watcher).length < 3) await setImmediate();
    assert.deepEqual(told(watcher), [SERVING, NOT_SERVING, SERVING]);
    assert.equal(await check(fixture), SERVING);
    watcher.listener?.closed(CANCEL);
    await fixture.server.defragment();
    assert.equal(told(watcher).length, 3, "who has gone is told no more");
  });
});

Deno.test("HealthService goes on saying SERVING otherwise", () =>
  withServer(testConfig(undefined), async (fixture) => {
    const watcher = watch(fixture);
    const defragmenting = fixture.server.defragment();
    assert.equal(await check(fixture), SERVING);
    await defragmenting;
    assert.deepEqual(told(watcher), [SERVING]);
  }));
