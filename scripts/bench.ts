/**
 * Measures detcd beside real etcd: the same requests, on the same machine, in alternating rounds.
 * Each round starts both servers fresh, with default settings and durable.
 *
 *     deno task bench [--only put-50x10,get-50x10] [--rounds 5] [--duration 3]
 *                     [--target etcd] [--markdown docs/PERFORMANCE.md]
 *     deno task bench --suite tls [the same options]
 *     deno task bench --suite auth [the same options]
 *     deno task bench --suite large [--keys 1000000] [--order sequential|scattered]
 *                     [--only snapshot] [--rounds 3] [--target detcd] [--markdown ...]
 */

import { parseArgs } from "node:util";
import { findProgram } from "../tests/harness/programs.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../tests/harness/targets.ts";
import { isKeyOrder, KEY_ORDERS, type KeyOrder } from "./bench/large/key_space.ts";
import { AuthSuite } from "./bench/auth_suite.ts";
import { LargeSuite } from "./bench/large/large_suite.ts";
import { note } from "./bench/progress.ts";
import { renderText, writeMarkdown } from "./bench/report.ts";
import { StandardSuite } from "./bench/standard_suite.ts";
import type { Results, Suite } from "./bench/suite.ts";
import { TlsSuite } from "./bench/tls_suite.ts";

const SUITE_NAMES = ["standard", "large", "tls", "auth"] as const;
type SuiteName = typeof SUITE_NAMES[number];
/** Rounds when the command line says nothing; a round of the large suite takes minutes. */
const DEFAULT_ROUNDS = { standard: 5, large: 3, tls: 5, auth: 5 } as const;

interface Options {
  readonly suite: SuiteName;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly keys: number;
  readonly order: KeyOrder;
  readonly targets: readonly TargetName[];
  readonly markdown: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: "string", default: "standard" },
      only: { type: "string", default: "" },
      rounds: { type: "string" },
      duration: { type: "string", default: "3" },
      keys: { type: "string", default: "1000000" },
      order: { type: "string", default: KEY_ORDERS[0] },
      target: { type: "string", default: TARGET_NAMES.join(",") },
      markdown: { type: "string" },
    },
  });
  const suite = oneOf("suite", values.suite, SUITE_NAMES);
  const chosenTargets = values.target.split(",");
  for (const name of chosenTargets) oneOf("target", name, TARGET_NAMES);
  const { order } = values;
  if (!isKeyOrder(order)) throw new Error(`--order takes ${KEY_ORDERS.join(" or ")}, not ${order}`);
  return {
    suite,
    only: values.only.split(",").filter((id) => id !== ""),
    rounds: positive(
      "rounds",
      values.rounds ?? String(DEFAULT_ROUNDS[suite]),
    ),
    seconds: positive("duration", values.duration),
    keys: positive("keys", values.keys),
    order,
    targets: TARGET_NAMES.filter((name) => chosenTargets.includes(name)),
    markdown: values.markdown,
  };
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === text);
  if (chosen === undefined) {
    throw new Error(`--${option} takes ${choices.join(" or ")}, not ${text}`);
  }
  return chosen;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${text}`);
  return value;
}

function newSuite(options: Options): Suite {
  switch (options.suite) {
    case "large":
      return new LargeSuite(options.only, options.keys, options.order);
    case "auth":
      return new AuthSuite(options.only, options.seconds);
    case "tls":
      return new TlsSuite(options.only, options.seconds);
    case "standard":
      return new StandardSuite(options.only, options.seconds);
  }
}

function presentTargets(wanted: readonly TargetName[]): TargetName[] {
  return wanted.filter((target) => {
    const reason = whyMissing(target);
    if (reason !== undefined) console.log(`left out: ${target} (${reason})`);
    return reason === undefined;
  });
}

async function measureRounds(
  suite: Suite,
  targets: readonly TargetName[],
  rounds: number,
  results: Map<string, Map<TargetName, number[]>>,
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    // Who goes first changes, so that a machine that slows down favours neither.
    const order = round % 2 === 1 ? targets : targets.toReversed();
    for (const target of order) {
      await suite.measureRound(target, (row, figure) => {
        const ofRow = results.get(row.id) ?? new Map<TargetName, number[]>();
        const figures = ofRow.get(target) ?? [];
        if (figure !== undefined) figures.push(figure);
        results.set(row.id, ofRow.set(target, figures));
      });
    }
    note(`round ${round} of ${rounds} done`);
  }
}

async function versionOf(target: TargetName): Promise<string> {
  if (target === "detcd") return `detcd on Deno ${Deno.version.deno}`;
  const { stdout } = await new Deno.Command(findProgram("etcd") ?? "etcd", {
    args: ["--version"],
  }).output();
  const match = /etcd Version: (\S+)/.exec(new TextDecoder().decode(stdout));
  return `etcd ${match?.[1] ?? "of unknown version"}`;
}

async function main(): Promise<void> {
  if (Deno.build.os !== "linux") {
    console.log("not available: the bench reads /proc, so it runs on Linux only");
    return;
  }
  const options = readOptions(Deno.args);
  const suite = newSuite(options);
  const targets = presentTargets(options.targets);
  const results = new Map<string, Map<TargetName, number[]>>();
  try {
    await measureRounds(suite, targets, options.rounds, results);
  } catch (error) {
    // What was measured so far cost minutes and may be all that is wanted.
    console.log(`\nincomplete:\n${renderText(suite.tableLines(results))}\n`);
    throw error;
  }
  await printReport(suite, targets, options, results);
}

async function printReport(
  suite: Suite,
  targets: readonly TargetName[],
  options: Options,
  results: Results,
): Promise<void> {
  const lines = suite.tableLines(results);
  const versions = await Promise.all(targets.map(versionOf));
  const description = suite.describe(options.rounds, versions.join(", "));
  console.log(`\n${renderText(lines)}\n\n${description}`);
  const { markdown } = options;
  if (markdown !== undefined) writeMarkdown(markdown, suite.section, description, lines);
}

if (import.meta.main) await main();
