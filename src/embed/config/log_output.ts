import { openJournal } from "../log/journal.ts";
import { RotatingFile } from "../log/rotating_file.ts";
import type { LogRotationConfig } from "../log/rotation_config.ts";
import { UnixDatagramsUnavailable } from "../../net/unix_datagram.ts";
import { goQuote } from "../../base/go_quote.ts";
import {
  DEFAULT_LOG_OUTPUT,
  JOURNAL_LOG_OUTPUT,
  STD_ERR_LOG_OUTPUT,
  STD_OUT_LOG_OUTPUT,
} from "./constants.ts";
import { ConfigError } from "./errors.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { formatLogLine, type LogEvent } from "./log_line.ts";
import { openFailure } from "./open_failure.ts";

/** Something that log lines are written to. */
export interface LogOutput {
  write(line: string, event: LogEvent): void;
  close(): void;
}

interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

const encoder = new TextEncoder();

/** A log that cannot be written must not stop the server, so a failed write loses the line. */
function writeAll(writer: SyncWriter, line: string): void {
  let rest = encoder.encode(line);
  try {
    while (rest.length > 0) rest = rest.subarray(writer.writeSync(rest));
  } catch {
    // The disk is full, or whoever read the pipe is gone; there is nowhere to say so.
  }
}

const standardError: LogOutput = {
  write: (line) => writeAll(Deno.stderr, line),
  close: () => {},
};

const standardOutput: LogOutput = {
  write: (line) => writeAll(Deno.stdout, line),
  close: () => {},
};

/**
 * Opens the outputs with the given names; files are rotated if `rotation` says how. Throws a
 * ConfigError when one cannot be opened.
 */
export function openLogOutputs(
  names: readonly string[],
  rotation?: LogRotationConfig,
): LogOutput[] {
  const outputs: LogOutput[] = [];
  try {
    // The same place twice would only double the lines.
    for (const name of new Set(names.map(placeOf))) outputs.push(openLogOutput(name, rotation));
  } catch (error) {
    for (const output of outputs) output.close();
    throw error;
  }
  return outputs;
}

function placeOf(name: string): string {
  return name === DEFAULT_LOG_OUTPUT ? STD_ERR_LOG_OUTPUT : name;
}

function openLogOutput(name: string, rotation: LogRotationConfig | undefined): LogOutput {
  if (name === STD_ERR_LOG_OUTPUT) return standardError;
  if (name === STD_OUT_LOG_OUTPUT) return standardOutput;
  if (name === JOURNAL_LOG_OUTPUT) return journalOrStandardError();
  try {
    const file = rotation === undefined
      ? Deno.openSync(name, { append: true, create: true })
      : new RotatingFile(name, rotation);
    return { write: (line) => writeAll(file, line), close: () => file.close() };
  } catch (error) {
    throw new ConfigError(`open sink ${goQuote(name)}: open ${name}: ${openFailure(error)}`, {
      cause: error,
    });
  }
}

/** systemd takes what standard error gets, so nothing is lost where the journal is out of reach. */
function journalOrStandardError(): LogOutput {
  try {
    return openJournal(standardError);
  } catch (error) {
    if (!(error instanceof UnixDatagramsUnavailable)) throw error;
    const event: LogEvent = {
      level: "warn",
      timestampMs: Date.now(),
      logger: "",
      caller: "",
      stack: "",
      message: "cannot log to the journal; logging to standard error instead",
      fields: { error },
    };
    standardError.write(formatLogLine(event, "json"), event);
    return standardError;
  }
}

/**
 * Thins out a message that comes too often: of each level and text the first 100 in a second are
 * written and then every 100th, as etcd does, so that one noisy client cannot fill the disk.
 */
export class LogSampler {
  #second = 0;
  readonly #counts = new Map<string, number>();

  /** Counts an event and tells whether to write it. */
  admits(level: string, message: string, timestampMs: number): boolean {
    const second = Math.floor(timestampMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const key = `${level} ${message}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count > 1 || this.#counts.size < CONFIG_LIMITS.logMessagesCounted) {
      this.#counts.set(key, count);
    }
    const beyond = count - CONFIG_LIMITS.logMessagesBeforeSampling;
    return beyond <= 0 || beyond % CONFIG_LIMITS.logSamplingStep === 0;
  }
}
