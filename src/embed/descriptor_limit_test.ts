import assert from "node:assert/strict";
import { silentLogger } from "../base/log.ts";
import { LISTENER_LIMITS } from "../net/limits.ts";
import { ConfigError } from "./config/errors.ts";
import { connectionLimits } from "./descriptor_limit.ts";

Deno.test("connectionLimits() leaves descriptors for the rest of the server", () => {
  assert.equal(connectionLimits(silentLogger, 1_024).maxConnections, 874);
  assert.equal(connectionLimits(silentLogger, 151).maxConnections, 1);
  const most = connectionLimits(silentLogger, 1_000_000);
  assert.equal(most.maxConnections, LISTENER_LIMITS.maxConnections);
});

Deno.test("connectionLimits() refuses to start with fewer than are reserved", () => {
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  assert.throws(() => connectionLimits(logger, 150), ConfigError);
  assert.deepEqual(errors, [
    "file descriptor limit of etcd process is too low; please set higher",
  ]);
});

Deno.test("connectionLimits() finds the limit of this process, if there is one", () => {
  assert(connectionLimits(silentLogger).maxConnections > 0);
});
