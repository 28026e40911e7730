import { printedBy, runProgram } from "../run_program.ts";
import type { SuiteOutcome } from "./outcome.ts";
import type { Suite } from "./suites.ts";

/** How many suites run at a time. More would make tests of leases and time limits fragile. */
const SUITES_AT_A_TIME = 2;

/** When a suite is ended because something in it must hang. */
const SUITE_TIMEOUT_MS = 30 * 60_000;

/** Runs all suites, begun in their order. `report` hears of each when it has ended. */
export async function runSuites(
  suites: readonly Suite[],
  denoTest: readonly string[],
  report: (outcome: SuiteOutcome) => void,
): Promise<readonly SuiteOutcome[]> {
  const outcomes: SuiteOutcome[] = [];
  const waiting = suites.values();
  const workThrough = async (): Promise<void> => {
    for (const suite of waiting) {
      const outcome = await runSuite(suite, denoTest);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: SUITES_AT_A_TIME }, workThrough));
  return outcomes;
}

async function runSuite(
  { name, paths }: Suite,
  denoTest: readonly string[],
): Promise<SuiteOutcome> {
  const startedMs = performance.now();
  // A folder may have no test; colours would hide the line that is counted.
  const args = [...denoTest, "--permit-no-files", ...paths];
  const run = await runProgram(Deno.execPath(), args, {
    env: { NO_COLOR: "1" },
    timeoutMs: SUITE_TIMEOUT_MS,
  });
  const seconds = (performance.now() - startedMs) / 1000;
  return { name, success: run.success, printed: printedBy(run), seconds };
}
