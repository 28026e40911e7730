import type { LogFields, Logger } from "../base/log.ts";
import {
  configureSync,
  getConfig,
  getLogger,
  type LogRecord,
  resetSync,
  type Sink,
} from "../deps/logtape.ts";
import { ConfigError } from "./config/errors.ts";
import { formatLogLine, severityOf } from "./config/log_line.ts";
import { type LogOutput, LogSampler, openLogOutputs } from "./config/log_output.ts";

/** The LogTape category under which every part of a server logs. */
export const LOG_CATEGORY = "detcd";

/** Where log lines go, which, and in what form. */
export interface LogOptions {
  /** Least important lines to write: debug, info, warn, error, panic or fatal. */
  readonly level: string;
  /** `json` or `console`. */
  readonly format: string;
  /** `default`, `stderr`, `stdout` or paths of files. */
  readonly outputs: readonly string[];
}

/**
 * The logger of one part of the server. Its lines go to the LogTape category `detcd`, thus nowhere
 * until the program configures LogTape or configureLogging() does.
 */
export function roomLogger(room: string): Logger {
  const logger = getLogger(room === "" ? [LOG_CATEGORY] : [LOG_CATEGORY, room]);
  return {
    // LogTape fills in braces of a message, which ours do not mean so.
    debug: (message, fields = {}) => logger.debug(escapeBraces(message), { ...fields }),
    info: (message, fields = {}) => logger.info(escapeBraces(message), { ...fields }),
    warn: (message, fields = {}) => logger.warn(escapeBraces(message), { ...fields }),
    error: (message, fields = {}) => logger.error(escapeBraces(message), { ...fields }),
  };
}

function escapeBraces(message: string): string {
  if (!message.includes("{") && !message.includes("}")) return message;
  return message.replaceAll("{", "{{").replaceAll("}", "}}");
}

/** The configuration of LogTape that configureLogging() made, while it is in force. */
let madeHere: object | undefined;

/**
 * Configures LogTape for this whole program. Throws a ConfigError when the program has configured
 * LogTape itself: its configuration is not ours to replace.
 */
export function configureLogging(options: LogOptions): void {
  const current = getConfig();
  if (current !== null && current !== madeHere) {
    throw new ConfigError(
      `this program has configured LogTape itself; add the category "${LOG_CATEGORY}" there`,
    );
  }
  const sink = sinkOf(openLogOutputs(options.outputs), options.format);
  const lowestLevel = severityOf(options.level) ?? "info";
  if (current !== null) resetSync();
  configureSync({
    sinks: { outputs: sink },
    loggers: [
      { category: [LOG_CATEGORY], sinks: ["outputs"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["outputs"], lowestLevel: "warning" },
    ],
  });
  madeHere = getConfig() ?? undefined;
}

/** Takes back what configureLogging() did, and closes its files. */
export function closeLogging(): void {
  if (madeHere === undefined || getConfig() !== madeHere) return;
  madeHere = undefined;
  resetSync();
}

function sinkOf(outputs: readonly LogOutput[], format: string): Sink & Disposable {
  const sampler = new LogSampler();
  function sink(record: LogRecord): void {
    const message = messageOf(record);
    if (!sampler.admits(record.level, message, record.timestamp)) return;
    const line = formatLogLine({
      level: record.level === "warning" ? "warn" : record.level,
      timestampMs: record.timestamp,
      logger: record.category.slice(1).join("."),
      message,
      fields: record.properties,
    }, format);
    for (const output of outputs) output.write(line);
  }
  function dispose(): void {
    for (const output of outputs) output.close();
  }
  return Object.assign(sink, { [Symbol.dispose]: dispose });
}

function messageOf(record: LogRecord): string {
  return record.message.map(String).join("");
}

/** A logger beside LogTape, for where that is not configured yet or could not be. */
export function lineLogger(format: string, write: (line: string) => void): Logger {
  function writer(level: string): (message: string, fields?: LogFields) => void {
    return (message, fields = {}) =>
      write(formatLogLine({ level, timestampMs: Date.now(), logger: "", message, fields }, format));
  }
  return {
    debug: () => {},
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
}
