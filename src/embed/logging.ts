import { type LogFields, type Logger, silentLogger } from "../base/log.ts";
import { formatLogLine, type Severity, severityOf, severityRank } from "./config/log_line.ts";
import { type LogOutput, LogSampler, openLogOutputs } from "./config/log_output.ts";
import { loggingCallSite } from "./log/call_site.ts";
import type { LogRotationConfig } from "./log/rotation_config.ts";

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

/** What an embedding program does with log lines as long as configureLogging() was not called. */
export interface HostLog {
  /** The logger for one part of the server. */
  logger(room: string): Logger;
  /** Throws a ConfigError when the program has said itself where its log goes. */
  requireUnconfigured(): void;
}

let hostLog: HostLog | undefined;

/** Says who takes the log lines of servers in an embedding program; without it nobody does. */
export function useHostLog(log: HostLog): void {
  hostLog = log;
}

/** What configureLogging() opened, while it is in force. */
let configured: ConfiguredLog | undefined;

/**
 * The logger of one part of the server. Its lines go where configureLogging() says, or else to the
 * log of the embedding program, or else nowhere.
 */
export function roomLogger(room: string): Logger {
  const host = hostLog?.logger(room) ?? silentLogger;
  function writer(level: keyof Logger, severity: Severity): Logger["info"] {
    return (message, fields = {}) => {
      if (configured === undefined) host[level](message, fields);
      else configured.log(severity, room, message, fields);
    };
  }
  return {
    debug: writer("debug", "debug"),
    info: writer("info", "info"),
    warn: writer("warn", "warning"),
    error: writer("error", "error"),
  };
}

/**
 * Sends the log lines of this whole program to outputs. Throws a ConfigError when the program has
 * configured its log itself, which is not ours to replace, or when an output cannot be opened.
 */
export function configureLogging(options: LogOptions): void {
  hostLog?.requireUnconfigured();
  const log = new ConfiguredLog(options);
  closeLogging();
  configured = log;
}

/** Takes back what configureLogging() did, and closes its files. */
export function closeLogging(): void {
  configured?.close();
  configured = undefined;
}

class ConfiguredLog {
  readonly #format: string;
  readonly #lowestRank: number;
  readonly #roomRanks: ReadonlyMap<string, number>;
  readonly #outputs: readonly LogOutput[];
  readonly #sampler = new LogSampler();

  constructor({ level, format, outputs, rotation, roomLevels = new Map() }: LogOptions) {
    this.#format = format;
    this.#lowestRank = rankOf(level);
    this.#roomRanks = new Map([...roomLevels].map(([room, word]) => [room, rankOf(word)]));
    this.#outputs = openLogOutputs(outputs, rotation);
  }

  log(severity: Severity, room: string, message: string, fields: LogFields): void {
    if (severityRank(severity) < (this.#roomRanks.get(room) ?? this.#lowestRank)) return;
    const timestampMs = Date.now();
    if (!this.#sampler.admits(severity, message, timestampMs)) return;
    const { caller, stack } = loggingCallSite();
    const event = {
      level: severity === "warning" ? "warn" : severity,
      timestampMs,
      logger: room,
      caller,
      // As in etcd, only errors tell how they came about.
      stack: severity === "error" ? stack : "",
      message,
      fields,
    };
    const line = formatLogLine(event, this.#format);
    for (const output of this.#outputs) output.write(line, event);
  }

  close(): void {
    for (const output of this.#outputs) output.close();
  }
}

function rankOf(level: string): number {
  return severityRank(severityOf(level) ?? "info");
}

/** A logger of its own, for where logging is not configured yet or could not be. */
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
