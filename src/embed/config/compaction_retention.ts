import {
  DurationError,
  millisecondsFromNanoseconds,
  parseGoDuration,
} from "../../base/go_duration.ts";
import type { AutoCompactionConfig } from "../../server/server_config.ts";
import { COMPACTOR_MODE_REVISION } from "./constants.ts";
import { ConfigError } from "./errors.ts";

/** What Go's strconv.Atoi reads, as far as etcd takes it for a count. */
const COUNT = /^\+?[0-9]+$/;
const MAX_COUNT = (1n << 63n) - 1n;
/** More digits than that are no number of 64 bits, and BigInt() takes quadratic time. */
const MAX_DIGITS = 64;
const NANOSECONDS_PER_HOUR = 3_600_000_000_000n;

/**
 * Reads `--auto-compaction-retention`: a count of hours or of revisions, whichever the mode
 * counts, or a Go duration, which counts nanoseconds where revisions are meant, as in etcd.
 * Undefined is no automatic compaction.
 */
export function parseCompactionRetention(
  mode: string,
  text: string,
): AutoCompactionConfig | undefined {
  const isRevisionMode = mode === COMPACTOR_MODE_REVISION;
  const retention = readRetention(text, isRevisionMode ? 1n : NANOSECONDS_PER_HOUR);
  if (retention === 0n) return undefined;
  // etcd would compact without a pause, or at revisions of the future.
  if (retention < 0n) throw parsingError(`negative retention ${text}`);
  if (isRevisionMode) return { mode: "revision", retainedRevisions: Number(retention) };
  return { mode: "periodic", periodMs: millisecondsFromNanoseconds(retention) };
}

function readRetention(text: string, unit: bigint): bigint {
  if (text === "") return 0n;
  const count = COUNT.test(text) && text.length <= MAX_DIGITS ? BigInt(text) : undefined;
  if (count !== undefined && count <= MAX_COUNT) return count * unit;
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw parsingError(error.message);
  }
}

function parsingError(why: string): ConfigError {
  return new ConfigError(`error parsing CompactionRetention: ${why}`);
}
