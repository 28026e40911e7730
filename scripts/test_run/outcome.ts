/** How many tests came to what. */
interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** What came of a suite. */
export interface SuiteOutcome {
  readonly name: string;
  /** Whether Deno ended well; also false if it broke down between two tests. */
  readonly success: boolean;
  readonly printed: string;
  readonly seconds: number;
}

/** How Deno closes a run: `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
const CLOSING_LINE = /^(?:ok|FAILED) \| \d+ passed.*$/gm;

/** Counts what Deno has printed of; nothing if it never came to an end. */
export function testCounts(printed: string): TestCounts {
  const lines = printed.match(CLOSING_LINE) ?? [];
  const count = (what: string): number => {
    const found = lines.map((line) => line.match(new RegExp(`(\\d+) ${what}`))?.[1] ?? "0");
    return found.reduce((sum, text) => sum + Number(text), 0);
  };
  return { passed: count("passed"), failed: count("failed"), ignored: count("ignored") };
}

/** `12 passed, 0 failed, 1 skipped`; a suite that failed without a failed test counts as one. */
export function summaryLine(outcomes: readonly SuiteOutcome[]): string {
  let [passed, failed, ignored] = [0, 0, 0];
  for (const { printed, success } of outcomes) {
    const counts = testCounts(printed);
    passed += counts.passed;
    failed += Math.max(counts.failed, success ? 0 : 1);
    ignored += counts.ignored;
  }
  return `${passed} passed, ${failed} failed, ${ignored} skipped`;
}
