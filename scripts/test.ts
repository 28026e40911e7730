/**
 * Runs every test. What belongs to one folder runs in a process of its own, and two such suites run
 * side by side, because tests that start servers mostly wait. What a suite prints comes when it has
 * ended; the last line sums up all of them.
 *
 *     deno task test [what `deno test` takes: files, --filter ...; then these run alone]
 */

import { type SuiteOutcome, summaryLine } from "./test_run/outcome.ts";
import { runSuites } from "./test_run/run_suites.ts";
import { suitesOf } from "./test_run/suites.ts";

/** Without type checking, which `deno task check` does once for all. */
const DENO_TEST = ["test", "-A", "--quiet", "--no-check", "--doc"];

async function main(args: readonly string[]): Promise<void> {
  if (args.length > 0) {
    const run = new Deno.Command(Deno.execPath(), { args: [...DENO_TEST, ...args] }).spawn();
    Deno.exit((await run.status).code);
  }
  const outcomes = await runSuites(suitesOf("."), DENO_TEST, reportSuite);
  const failed = outcomes.filter(({ success }) => !success);
  for (const { name } of failed) console.log(`failed: ${name}`);
  console.log(summaryLine(outcomes));
  Deno.exit(failed.length === 0 ? 0 : 1);
}

function reportSuite({ name, printed, seconds }: SuiteOutcome): void {
  console.log(`== ${name}\n${printed.trimEnd()}\n== ${name} took ${Math.round(seconds)} s\n`);
}

if (import.meta.main) await main(Deno.args);
