import assert from "node:assert/strict";
import { ManualClock } from "../base/manual_clock.ts";
import { recordingLogger } from "../base/testing/recording_logger.ts";
import { connectTransport } from "./client/transport/network_transport.ts";
import { newZapLoggerBuilder } from "./config/zap_logger_builder.ts";
import { startEtcd } from "./etcd.ts";
import { descriptorUse, DescriptorWatch } from "./file_descriptors.ts";
import { newMemoryConfig } from "./memory_config.ts";
import { SlowDiskWarning } from "./slow_disk.ts";

Deno.test("SlowDiskWarning tells of a sync of more than a second and counts all", () => {
  const { lines, logger } = recordingLogger();
  const synced: number[] = [];
  const counted = { synced: (ms: number) => void synced.push(ms), written: () => {} };
  const warning = new SlowDiskWarning(counted, logger);
  for (const durationMs of [1, 1000, 1500]) warning.synced(durationMs);
  assert.deepEqual(synced, [1, 1000, 1500]);
  assert.deepEqual(lines, [{
    message: "slow fdatasync",
    fields: { took: "1.5s", "expected-duration": "1s" },
  }]);
});

Deno.test("DescriptorWatch warns when four of five file descriptors are used", async () => {
  for (const { used, count } of [{ used: 799, count: 0 }, { used: 800, count: 1 }]) {
    const { lines, logger } = recordingLogger();
    const clock = new ManualClock();
    const watch = new DescriptorWatch(clock, logger, () => Promise.resolve({ used, limit: 1000 }));
    watch.start();
    clock.advance(10 * 60_000);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(lines.length, count);
    if (count > 0) assert.equal(lines[0].message, "80% of file descriptors are used");
    watch.stop();
  }
});

Deno.test({
  name: "descriptorUse() counts what this process has open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const before = await descriptorUse();
    using _file = Deno.openSync("/dev/null");
    const after = await descriptorUse();
    assert(before !== undefined && after !== undefined);
    assert.equal(after.used, before.used + 1);
    assert(after.limit > after.used);
  },
});

Deno.test("startEtcd() warns of a request that takes long, without what is in it", async () => {
  const { lines, logger } = recordingLogger();
  const config = newMemoryConfig();
  config.warningUnaryRequestDurationMs = 20;
  config.zapLoggerBuilder = newZapLoggerBuilder(logger);
  const asIs = (bytes: Uint8Array) => bytes;
  config.serviceRegister = (server) => {
    server.addService({
      Wait: {
        path: "/test.Waiter/Wait",
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    }, {
      Wait: (_call: unknown, callback: (error: null, answer: Uint8Array) => void) =>
        void setTimeout(() => callback(null, new Uint8Array(0)), 60),
    });
  };
  await using etcd = await startEtcd(config);
  const transport = await connectTransport(etcd.clientUrl);
  await transport.unary("/test.Waiter/Wait", new TextEncoder().encode("a secret"));
  await transport.close();
  const line = lines.find(({ message }) => message === "request stats");
  assert.equal(line?.fields.method, "/test.Waiter/Wait");
  assert.equal(line.fields.code, "OK");
  assert(!JSON.stringify(lines).includes("secret"));
});
