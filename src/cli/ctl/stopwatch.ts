import type { Clock } from "../../base/clock.ts";
import { formatGoDuration, nanosecondsFromMilliseconds } from "../../base/go_duration.ts";

/** Starts to measure; the function that it gives tells what time went by, as Go writes it. */
export function stopwatch(clock: Clock): () => string {
  const startMs = clock.monotonicMs();
  return () => formatGoDuration(nanosecondsFromMilliseconds(clock.monotonicMs() - startMs));
}
