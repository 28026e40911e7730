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
import { formatLogLine, type LogEvent, severityOf } from "./config/log_line.ts";
import { type LogOutput, LogSampler, openLogOutputs } from "./config/log_output.ts";
import { loggingCallSite } from "./log/call_site.ts";
import type { LogRotationConfig } from "./log/rotation_config.ts";

/** The LogTape category under which every part of a server logs. */
const LOG_CATEGORY = "detcd";

/** Where log lines go, which, and in what form. */
interface LogOptions {
  /** Least important lines to write: debug, info, warn, error, panic or fatal. */
  readonly level: string;
  /** `json` or `console`. */
  readonly format: string;
  /** `default`, `stderr`, `stdout`, `systemd/journal` or paths of files. */
  readonly outputs: readonly string[];
  /** How files are rotated, if they are. */
  readonly rotation?: LogRotationConfig | undefined;
  /** Levels of single parts of the server, by name. */
  readonly roomLevels?: ReadonlyMap<string, string> | undefined;
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
  const sink = sinkOf(openLogOutputs(options.outputs, options.rotation), options.format);
  const lowestLevel = severityOf(options.level) ?? "info";
  const rooms = [...options.roomLevels ?? []].map(([room, level]) => ({
    category: [LOG_CATEGORY, room],
    sinks: ["outputs"],
    // Otherwise the level of all would hold for this one, too.
    parentSinks: "override" as const,
    lowestLevel: severityOf(level) ?? lowestLevel,
  }));
  if (current !== null) resetSync();
  configureSync({
    sinks: { outputs: sink },
    loggers: [
      { category: [LOG_CATEGORY], sinks: ["outputs"], lowestLevel },
      ...rooms,
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
    const event = eventOf(record, message);
    const line = formatLogLine(event, format);
    for (const output of outputs) output.write(line, event);
  }
  function dispose(): void {
    for (const output of outputs) output.close();
  }
  return Object.assign(sink, { [Symbol.dispose]: dispose });
}

function eventOf(record: LogRecord, message: string): LogEvent {
  const { caller, stack } = loggingCallSite();
  const isBad = record.level === "error" || record.level === "fatal";
  return {
    level: record.level === "warning" ? "warn" : record.level,
    timestampMs: record.timestamp,
    logger: record.category.slice(1).join("."),
    caller,
    // As in etcd, only errors tell how they came about.
    stack: isBad ? stack : "",
    message,
    fields: record.properties,
  };
}

function messageOf(record: LogRecord): string {
  return record.message.map(String).join("");
}

/** A logger beside LogTape, for where that is not configured yet or could not be. */
export function lineLogger(format: string, write: (line: string) => void): Logger {
  function writer(level: string): (message: string, fields?: LogFields) => void {
    return (message, fields = {}) => {
      const { caller } = loggingCallSite();
      const event = {
        level,
        timestampMs: Date.now(),
        logger: "",
        caller,
        stack: "",
        message,
        fields,
      };
      write(formatLogLine(event, format));
    };
  }
  return {
    debug: () => {},
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
}
