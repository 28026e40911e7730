import assert from "node:assert/strict";
import { type SuiteOutcome, summaryLine, testCounts } from "./outcome.ts";

function outcome(printed: string, success: boolean): SuiteOutcome {
  return { name: "a", success, printed, seconds: 1 };
}

Deno.test("testCounts() reads the line that closes a run", () => {
  assert.deepEqual(testCounts("FAILED | 3 passed | 2 failed | 5 filtered out (1s)"), {
    passed: 3,
    failed: 2,
    ignored: 0,
  });
  assert.deepEqual(testCounts("error: Module not found"), { passed: 0, failed: 0, ignored: 0 });
});

Deno.test("summaryLine() adds up suites, and counts one that broke down as failed", () => {
  const good = outcome("ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)\n", true);
  const bad = outcome("FAILED | 1 passed | 2 failed (2s)\n", false);
  const broken = outcome("Segmentation fault", false);
  assert.equal(summaryLine([good, good]), "24 passed, 0 failed, 2 skipped");
  assert.equal(summaryLine([good, bad, broken]), "13 passed, 3 failed, 1 skipped");
});
