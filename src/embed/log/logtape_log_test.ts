import assert from "node:assert/strict";
import { configureSync, type LogRecord, resetSync } from "../../deps/logtape.ts";
import { newConfig } from "../config/config.ts";
import { ConfigError } from "../config/errors.ts";
// Says that this program's log is LogTape's, as it does for whoever imports mod.ts.
import "../etcd.ts";
import { closeLogging, roomLogger } from "../logging.ts";

Deno.test("roomLogger() of an embedding program is silent until that configures LogTape", () => {
  const logger = roomLogger("server");
  logger.error("nobody hears this", { a: 1 });
  const records: LogRecord[] = [];
  configureSync({
    sinks: { memory: (record: LogRecord) => records.push(record) },
    loggers: [
      { category: ["detcd"], sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  try {
    logger.warn("a {brace} of {{things}}", { brace: "filled in" });
    assert.equal(records.length, 1);
    assert.deepEqual(records[0].category, ["detcd", "server"]);
    assert.equal(records[0].message.join(""), "a {brace} of {{things}}");
    assert.deepEqual(records[0].properties, { brace: "filled in" });
  } finally {
    resetSync();
  }
});

Deno.test("Config.setupLogging() leaves a program's own configuration alone", () => {
  configureSync({
    sinks: {},
    loggers: [{ category: ["logtape", "meta"], lowestLevel: "error" }],
  });
  try {
    assert.throws(() => newConfig().setupLogging(), ConfigError);
    closeLogging();
    assert.throws(() => newConfig().setupLogging(), /configured LogTape itself/);
  } finally {
    resetSync();
  }
});
