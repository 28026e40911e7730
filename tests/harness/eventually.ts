/** Long enough for a lease of two seconds to end on a machine that is busy. */
const TIMEOUT_MS = 12_000;
const INTERVAL_MS = 25;

/** Waits until a condition holds; fails with what it is when it never does. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
