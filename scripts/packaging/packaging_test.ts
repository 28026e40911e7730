import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "../../src/deps/yaml.ts";
import { configFromText } from "../../src/embed/config/config_file.ts";
import { Config } from "../../src/embed/config/config.ts";
import { environmentName } from "../../src/embed/config/settings/setting.ts";
import { flagNames, SETTINGS } from "../../src/embed/config/settings/settings_table.ts";
import { httpRequest } from "../../tests/harness/http1.ts";
import { findProgram } from "../../tests/harness/programs.ts";
import { ServerProcess } from "../../tests/harness/server_process.ts";
import { runProgram } from "../run_program.ts";
import { exampleConfig } from "./example_config.ts";
import { familyName, metricNames } from "./metric_names.ts";

const PACKAGING_DIR = fileURLToPath(new URL(".", import.meta.url));
const PROJECT_DIR = join(PACKAGING_DIR, "..", "..");
const MONITORING_DIR = join(PACKAGING_DIR, "monitoring");

function packagingText(...path: string[]): string {
  return readFileSync(join(PACKAGING_DIR, ...path), "utf8");
}

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
}

function alertRules(): AlertRule[] {
  const { groups }: { groups: { rules: AlertRule[] }[] } = parseDocument(
    packagingText("monitoring", "alerts.yml"),
  ).toJS();
  return groups.flatMap((group) => group.rules);
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

function dashboardPanels(): Panel[] {
  const { panels }: { panels: Panel[] } = JSON.parse(
    packagingText("monitoring", "grafana_dashboard.json"),
  );
  return panels;
}

function dashboardExpressions(): string[] {
  return dashboardPanels().flatMap((panel) => panel.targets ?? []).map((target) => target.expr);
}

/** Promtool, or why a test cannot ask it. */
const promtool = findProgram("promtool");
const withoutPromtool = promtool === undefined
  ? " - not run: promtool is not here, see `deno task peers`"
  : "";

async function askPromtool(args: readonly string[], cwd = MONITORING_DIR): Promise<void> {
  assert.ok(promtool !== undefined);
  const { success, stdout, stderr } = await runProgram(promtool, args, { cwd });
  assert.ok(success, stdout + stderr);
}

Deno.test("the dashboard and the alerts read only metrics that a server prints", async () => {
  const server = await ServerProcess.start("detcd", { flags: ["--metrics=extensive"] });
  try {
    const { body } = await httpRequest(server.clientPort, "/metrics");
    const printed = new Set(
      [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name),
    );
    const expressions = [...alertRules().map((rule) => rule.expr), ...dashboardExpressions()];
    const missing = new Set(
      expressions.flatMap((expression) => [...metricNames(expression)]).map(familyName)
        .filter((name) => !printed.has(name)),
    );
    assert.deepEqual([...missing], []);
  } finally {
    await server.dispose();
  }
});

Deno.test("the alerts are those that operators of etcd know", () => {
  const names = new Set(alertRules().map((rule) => rule.alert));
  for (
    const known of [
      "MembersDown",
      "InsufficientMembers",
      "NoLeader",
      "HighNumberOfLeaderChanges",
      "HighNumberOfFailedGRPCRequests",
      "GRPCRequestsSlow",
      "HighNumberOfFailedProposals",
      "HighFsyncDurations",
      "HighCommitDurations",
      "DatabaseQuotaLowSpace",
      "ExcessiveDatabaseGrowth",
      "DatabaseHighFragmentationRatio",
    ]
  ) assert.ok(names.has(`etcd${known}`), known);
});

Deno.test({
  name: `promtool finds the alerts valid, and they fire as their tests say${withoutPromtool}`,
  ignore: promtool === undefined,
  async fn() {
    await askPromtool(["check", "rules", "alerts.yml"]);
    await askPromtool(["test", "rules", "alerts_test.yml"]);
  },
});

Deno.test({
  name: `promtool understands every expression of the dashboard${withoutPromtool}`,
  ignore: promtool === undefined,
  async fn() {
    const scratchDir = mkdtempSync(join(tmpdir(), "detcd-dashboard-"));
    try {
      const rules = dashboardExpressions().map((expression, i) => ({
        record: `panel:${i}`,
        expr: expression.replaceAll("$__rate_interval", "5m"),
      }));
      // JSON is YAML.
      const file = JSON.stringify({ groups: [{ name: "dashboard", rules }] });
      writeFileSync(join(scratchDir, "rules.yml"), file);
      await askPromtool(["check", "rules", "rules.yml"], scratchDir);
    } finally {
      rmSync(scratchDir, { recursive: true, force: true });
    }
  },
});

Deno.test("the dashboard's panels have IDs of their own and something to show", () => {
  const panels = dashboardPanels();
  assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
  for (const { title, targets } of panels) {
    assert.ok(title !== "" && (targets === undefined || targets.length > 0), title);
  }
});

Deno.test("the example of a config file is valid, and its comments are the defaults", () => {
  const text = packagingText("detcd.conf.yml");
  assert.equal(text, exampleConfig(), "run `deno task docs`");
  const config = configFromText("detcd.conf.yml", text);
  config.validate();
  assert.equal(config.dir, "/var/lib/etcd/default");

  // Prose has a space behind its mark, a setting has none, or as many as its depth.
  const uncommented = text.split("\n").map((line) =>
    line.replace(/^#((?: {2})*[a-z0-9-]+:(?: .*)?)$/, "$1")
  ).join("\n");
  const complete = configFromText("detcd.conf.yml", uncommented);
  complete.validate();
  const defaults = new Config();
  defaults.dir = config.dir;
  const changed = SETTINGS.filter((setting) =>
    setting.textOf(complete) !== setting.textOf(defaults)
  );
  assert.deepEqual(changed.map((setting) => setting.field), []);
  const mentioned = uncommented.split("\n").filter((line) => /^ *[a-z]/.test(line)).length;
  assert.ok(mentioned > 50, "the comments were understood");
});

const KNOWN_VARIABLES: ReadonlySet<string> = new Set(flagNames().map(environmentName));

Deno.test("the image, the unit and its settings use variables that there are", () => {
  for (const file of ["Dockerfile", "detcd.service", "detcd.default"]) {
    const used = [...packagingText(file).matchAll(/\b(ETCD_[A-Z_]+[A-Z])\b(?==)/g)];
    assert.ok(used.length > 0, file);
    for (const [, name] of used) assert.ok(KNOWN_VARIABLES.has(name), `${file}: ${name}`);
  }
});

Deno.test("the image is built by the Deno that tests run on, from files that are there", () => {
  const dockerfile = packagingText("Dockerfile");
  const readme = readFileSync(join(PROJECT_DIR, "README.md"), "utf8");
  const [, version] = /^FROM denoland\/deno:debian-(\S+) AS build$/m.exec(dockerfile) ?? [];
  assert.ok(readme.includes(`deno@${version}`), `Deno ${version}`);
  assert.match(dockerfile, /^WORKDIR \/var\/lib\/etcd\/$/m);
  assert.match(dockerfile, /^EXPOSE 2379 2380$/m);
  assert.match(dockerfile, /^FROM gcr\.io\/distroless\/cc-/m);
});

Deno.test("the files that the image is built from are enough to compile", async () => {
  const context = mkdtempSync(join(tmpdir(), "detcd-context-"));
  try {
    const wanted = packagingText("Dockerfile.dockerignore").split("\n")
      .filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    for (const path of wanted) {
      cpSync(join(PROJECT_DIR, path), join(context, path), { recursive: true });
    }
    const { success, stderr } = await runProgram(
      Deno.execPath(),
      ["run", "-A", "--quiet", "scripts/compile.ts", "--output=dist"],
      // The deno program takes denort's place, so that no download is needed to come to the check.
      { cwd: context, env: { DENORT_BIN: Deno.execPath() } },
    );
    assert.match(stderr, /^the executable is not detcd/);
    assert.ok(!success);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
});

const systemdAnalyze = findProgram("systemd-analyze");

Deno.test({
  name: "systemd understands the unit" +
    (systemdAnalyze === undefined ? " - not run: there is no systemd-analyze" : ""),
  ignore: systemdAnalyze === undefined,
  async fn() {
    const scratchDir = mkdtempSync(join(tmpdir(), "detcd-unit-"));
    try {
      const unit = join(scratchDir, "detcd.service");
      // Only the executable is not where it will be.
      writeFileSync(unit, packagingText("detcd.service").replaceAll("/usr/bin/detcd", "/bin/true"));
      const { success, stdout, stderr } = await runProgram(
        systemdAnalyze ?? "",
        ["verify", "--man=no", unit],
      );
      assert.equal(stdout + stderr, "");
      assert.ok(success);
    } finally {
      rmSync(scratchDir, { recursive: true, force: true });
    }
  },
});

Deno.test("the unit is told when the member serves, and knows how one ends", () => {
  const unit = packagingText("detcd.service");
  for (const line of ["Type=notify", "EnvironmentFile=-/etc/default/%p", "SuccessExitStatus=143"]) {
    assert.ok(unit.split("\n").includes(line), line);
  }
});
