import {
  DEFAULT_LOG_OUTPUT,
  JOURNAL_LOG_OUTPUT,
  STD_ERR_LOG_OUTPUT,
  STD_OUT_LOG_OUTPUT,
} from "./constants.ts";
import { ConfigError } from "./errors.ts";
import { CONFIG_LIMITS } from "./limits.ts";

/** Something that log lines are written to. */
export interface LogOutput {
  write(line: string): void;
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

/** Opens the outputs with the given names. Throws a ConfigError when a file cannot be opened. */
export function openLogOutputs(names: readonly string[]): LogOutput[] {
  const outputs: LogOutput[] = [];
  try {
    // The same place twice would only double the lines.
    for (const name of new Set(names.map(placeOf))) outputs.push(openLogOutput(name));
  } catch (error) {
    for (const output of outputs) output.close();
    throw error;
  }
  return outputs;
}

/** systemd takes what standard error gets, so the journal needs no output of its own. */
function placeOf(name: string): string {
  return name === DEFAULT_LOG_OUTPUT || name === JOURNAL_LOG_OUTPUT ? STD_ERR_LOG_OUTPUT : name;
}

function openLogOutput(name: string): LogOutput {
  if (name === STD_ERR_LOG_OUTPUT) return standardError;
  if (name === STD_OUT_LOG_OUTPUT) return standardOutput;
  try {
    const file = Deno.openSync(name, { append: true, create: true });
    return { write: (line) => writeAll(file, line), close: () => file.close() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`cannot open the log file ${name}: ${why}`, { cause: error });
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
