import assert from "node:assert/strict";
import { parseUrlList } from "../../base/url_list.ts";
import { newConfig } from "./config.ts";
import { ConfigError } from "./errors.ts";
import type { ConfigFlag } from "./config_flags.ts";
import { silentLogger } from "../../base/log.ts";
import { newZapLoggerBuilder } from "./zap_logger_builder.ts";

Deno.test("Config.addFlags() gives a program's own flag set every flag", () => {
  const config = newConfig();
  const flags = new Map<string, ConfigFlag>();
  config.addFlags({ add: (flag) => void flags.set(flag.name, flag) });
  assert(flags.size > 120, `${flags.size} flags`);
  const flag = flags.get("heartbeat-interval");
  assert.equal(flag?.defaultText, "100");
  assert.equal(flag.isSwitch, false);
  flag.set("250");
  assert.equal(config.tickMs, 250);
  assert.equal(flag.text(), "250");
  assert(config.flagsExplicitlySet.has("heartbeat-interval"));
  assert.throws(() => flag.set("soon"), ConfigError);
  assert.equal(flags.get("force-new-cluster")?.isSwitch, true);
  // What etcd takes and ignores is nobody's setting.
  assert.equal(flags.has("vv"), false);
});

Deno.test("Config.inferLocalAddr() finds an address at which others can be called", () => {
  const config = newConfig();
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  config.advertisePeerUrls = parseUrlList(
    "http://127.0.0.1:1,http://[::1]:1,http://example.com:1,http://0.0.0.0:1,http://192.0.2.7:1",
  );
  assert.equal(config.inferLocalAddr(), "");
  config.serverFeatureGate = config.serverFeatureGate.with("SetMemberLocalAddr=true");
  assert.equal(config.inferLocalAddr(), "192.0.2.7");
  config.advertisePeerUrls = parseUrlList("http://localhost:1");
  assert.equal(config.inferLocalAddr(), "");
});
