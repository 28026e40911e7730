import assert from "node:assert/strict";
import { Prng } from "../base/prng.ts";
import { silentLogger } from "../base/log.ts";
import { Config } from "../embed/config/config.ts";
import { configFromText } from "../embed/config/config_file.ts";
import { ConfigError } from "../embed/config/errors.ts";
import { environmentName, type Setting } from "../embed/config/setting.ts";
import { SETTINGS } from "../embed/config/settings_table.ts";
import { newZapLoggerBuilder } from "../embed/config/zap_logger_builder.ts";
import { readCommandLine } from "./command_line.ts";
import { UsageError } from "./flags.ts";

const SEED = Number(Deno.env.get("DETCD_FUZZ_SEED") ?? 20180214);
const FLAG_LIST_COUNT = 6_000;
const ENVIRONMENT_COUNT = 4_000;
const YAML_TEXT_COUNT = 6_000;

/** Values at which readers stumble, beside those that they should take. */
const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "100",
  "1000",
  "50000",
  "18446744073709551615",
  "18446744073709551616",
  "9223372036854775807",
  "-9223372036854775808",
  "0x1F",
  "1_000",
  "1e3",
  "1.5",
  "NaN",
  "true",
  "false",
  "T",
  "yes",
  "maybe",
  "5s",
  "1h30m",
  "-5s",
  "10",
  "1.5.5s",
  "9999999h",
  "default",
  "stderr",
  "stdout",
  "default,stderr",
  "a,b",
  ",",
  ",,",
  "new",
  "existing",
  "off",
  "on",
  "info",
  "debug",
  "json",
  "console",
  "zap",
  "capnslog",
  "periodic",
  "revision",
  "TLS1.2",
  "TLS1.3",
  "http://localhost:2379",
  "http://127.0.0.1:0",
  "http://[::1]:1",
  "http://0.0.0.0:2380",
  "https://127.0.0.1:1",
  "unix:///tmp/x",
  "http://a:1,http://b:2",
  "localhost:2379",
  "http://",
  "http://a b:1",
  "http://%zz:1",
  "http://:1",
  "http://h:x",
  ":",
  "*",
  "a=http://1:1",
  "a=http://1:1,b=http://2:1",
  "=",
  "a=",
  "InitialCorruptCheck=true",
  "AllAlpha=1,AllBeta=x",
  "LeaseCheckpointPersist=true",
  "{}",
  "[]",
  "null",
  "\u0000",
  "\u{1f600}",
  "\n",
  "'",
  '"',
  "{{x}}",
] as const;

const FLAGS: readonly (Setting & { readonly flag: string })[] = SETTINGS.flatMap((setting) =>
  setting.flag === undefined ? [] : [{ ...setting, flag: setting.flag }]
);

function randomText(prng: Prng): string {
  if (prng.chance(0.8)) return prng.pick(VALUES);
  const length = prng.between(0, 12);
  return String.fromCharCode(...Array.from({ length }, () => prng.between(0, 0x17f)));
}

function randomArgument(prng: Prng): string[] {
  const kind = prng.between(0, 9);
  if (kind === 0) return [randomText(prng)];
  if (kind === 1) return [`-${randomText(prng)}`];
  if (kind === 2) {
    return [prng.pick(["-h", "--version", "--", "-", "--config-file", "--=", "---x"])];
  }
  const flag = prng.pick(["-", "--"]) + prng.pick(FLAGS).flag;
  if (kind === 3) return [flag];
  if (kind === 4) return [flag, randomText(prng)];
  return [`${flag}=${randomText(prng)}`];
}

function randomEnvironment(prng: Prng): Record<string, string> {
  const environment: Record<string, string> = {};
  for (let i = prng.between(0, 6); i > 0; i--) {
    const name = prng.chance(0.9)
      ? environmentName(prng.pick(FLAGS).flag)
      : `ETCD_${randomText(prng)}`;
    environment[name] = randomText(prng);
  }
  // A path would be read, and what is there is not this test's to decide.
  delete environment["ETCD_CONFIG_FILE"];
  return environment;
}

function randomYamlValue(prng: Prng, depth: number): string {
  const kind = prng.between(0, 9);
  if (kind === 0) return `[${randomText(prng)}, ${randomText(prng)}]`;
  if (kind === 1) return `{${randomText(prng)}: ${randomText(prng)}}`;
  if (kind === 2) return JSON.stringify(randomText(prng));
  if (kind === 3) {
    return prng.pick(["&a x", "*a", "!!int 5", "!!binary aGk=", "|\n text", "? x", "~"]);
  }
  if (kind === 4 && depth < 3) return randomYamlMap(prng, depth + 1);
  return randomText(prng);
}

function randomYamlMap(prng: Prng, depth: number): string {
  const indent = "  ".repeat(depth);
  const lines = Array.from({ length: prng.between(0, 5) }, () => {
    const setting = prng.pick(SETTINGS);
    const key = prng.chance(0.9) ? prng.pick(setting.fileKey) : randomText(prng);
    return `${indent}${key}: ${randomYamlValue(prng, depth)}`;
  });
  return `\n${lines.join("\n")}`;
}

/** A valid file for a random setting, so that some texts get past the first key. */
function plausibleYaml(prng: Prng): string {
  return Array.from({ length: prng.between(1, 4) }, () => {
    const { fileKey } = prng.pick(SETTINGS);
    const keys = fileKey.map((key, depth) => `${" ".repeat(depth)}${key}:`).join("\n");
    return `${keys} ${prng.chance(0.5) ? JSON.stringify(prng.pick(VALUES)) : prng.pick(VALUES)}`;
  }).join("\n");
}

function damaged(prng: Prng, text: string): string {
  if (text.length === 0 || prng.chance(0.5)) return text;
  const at = prng.between(0, text.length - 1);
  return text.slice(0, at) + prng.pick(["", "\t", ":", "-", "[", "\n", "\ufffd"]) +
    text.slice(at + prng.between(0, 2));
}

/** How runs ended; a test that never sees one of these tests less than it seems. */
interface Tally {
  accepted: number;
  refused: number;
}

function check(config: Config, tally: Tally): void {
  config.zapLoggerBuilder = newZapLoggerBuilder(silentLogger);
  config.validate();
  for (const setting of SETTINGS) assert.equal(typeof setting.textOf(config), "string");
  assert(Number.isInteger(config.electionTicks()));
  tally.accepted++;
}

async function tryOne(run: () => Promise<void> | void, what: unknown, tally: Tally): Promise<void> {
  try {
    await run();
  } catch (error) {
    const isOurs = error instanceof ConfigError || error instanceof UsageError;
    assert(isOurs, `seed ${SEED}: ${JSON.stringify(what)} ended in ${Deno.inspect(error)}`);
    assert(error.message !== "", `seed ${SEED}: ${JSON.stringify(what)} has no message`);
    tally.refused++;
  }
}

Deno.test("readCommandLine() makes a Config or a clear error of any flags", async () => {
  const prng = new Prng(SEED);
  const tally: Tally = { accepted: 0, refused: 0 };
  for (let i = 0; i < FLAG_LIST_COUNT; i++) {
    const args = Array.from({ length: prng.between(0, 4) }, () => randomArgument(prng)).flat();
    await tryOne(
      async () => {
        const commandLine = await readCommandLine(args, {});
        if (commandLine.kind === "serve") check(commandLine.config, tally);
      },
      args,
      tally,
    );
  }
  assert(tally.accepted > FLAG_LIST_COUNT / 50, `seed ${SEED}: ${tally.accepted} accepted`);
  assert(tally.refused > FLAG_LIST_COUNT / 50, `seed ${SEED}: ${tally.refused} refused`);
});

Deno.test("readCommandLine() makes a Config or a clear error of any environment", async () => {
  const prng = new Prng(SEED + 1);
  const tally: Tally = { accepted: 0, refused: 0 };
  for (let i = 0; i < ENVIRONMENT_COUNT; i++) {
    const environment = randomEnvironment(prng);
    const args = prng.chance(0.2) ? randomArgument(prng) : [];
    await tryOne(
      async () => {
        const commandLine = await readCommandLine(args, environment);
        if (commandLine.kind === "serve") check(commandLine.config, tally);
      },
      { args, environment },
      tally,
    );
  }
  assert(tally.accepted > ENVIRONMENT_COUNT / 50, `seed ${SEED}: ${tally.accepted} accepted`);
  assert(tally.refused > ENVIRONMENT_COUNT / 50, `seed ${SEED}: ${tally.refused} refused`);
});

Deno.test("configFromText() makes a Config or a clear error of any YAML", async () => {
  const prng = new Prng(SEED + 2);
  const tally: Tally = { accepted: 0, refused: 0 };
  for (let i = 0; i < YAML_TEXT_COUNT; i++) {
    const source = prng.chance(0.6) ? plausibleYaml(prng) : randomYamlMap(prng, 0);
    const text = damaged(prng, source);
    await tryOne(() => check(configFromText("f.yml", text), tally), text, tally);
  }
  assert(tally.accepted > YAML_TEXT_COUNT / 50, `seed ${SEED}: ${tally.accepted} accepted`);
  assert(tally.refused > YAML_TEXT_COUNT / 50, `seed ${SEED}: ${tally.refused} refused`);
});
