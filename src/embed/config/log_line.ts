import type { LogFields } from "../../base/log.ts";
import { CONFIG_LIMITS } from "./limits.ts";

/** The forms of a log line. */
export const LOG_FORMATS: readonly string[] = ["json", "console"];

/** How bad something is, from the words that etcd's logger takes. */
const SEVERITIES = {
  debug: "debug",
  info: "info",
  // The level of a logger nobody told a level.
  "": "info",
  warn: "warning",
  warning: "warning",
  error: "error",
  dpanic: "fatal",
  panic: "fatal",
  fatal: "fatal",
} as const;

/** How bad something is. */
export type Severity = typeof SEVERITIES[keyof typeof SEVERITIES];

/** From the least to the worst. */
const RANKED_SEVERITIES: readonly Severity[] = ["debug", "info", "warning", "error", "fatal"];

/** The severity that a level stands for, or undefined when there is no such level. */
export function severityOf(level: string): Severity | undefined {
  const found = Object.entries(SEVERITIES).find(([word]) => word === level.toLowerCase());
  return found?.[1];
}

/** The worse, the higher. */
export function severityRank(severity: Severity): number {
  return RANKED_SEVERITIES.indexOf(severity);
}

/** One event, ready to be written. */
export interface LogEvent {
  readonly level: string;
  readonly timestampMs: number;
  /** The part of the program that speaks, or "". */
  readonly logger: string;
  /** Where in the source it speaks, as `server/etcd_server.ts:123`, or "". */
  readonly caller: string;
  /** How it came there, for errors, or "". */
  readonly stack: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Writes an event in the form and with the keys that etcd's logger uses. */
export function formatLogLine(event: LogEvent, format: string): string {
  return format === "console" ? consoleLine(event) : jsonLine(event);
}

function jsonLine(event: LogEvent): string {
  const members = [`"level":"${event.level}"`, `"ts":"${formatTimestamp(event.timestampMs)}"`];
  if (event.logger !== "") members.push(`"logger":${JSON.stringify(event.logger)}`);
  if (event.caller !== "") members.push(`"caller":${JSON.stringify(event.caller)}`);
  members.push(`"msg":${JSON.stringify(event.message)}`);
  members.push(...membersOf(event.fields, ":", ","));
  if (event.stack !== "") members.push(`"stacktrace":${JSON.stringify(event.stack)}`);
  return `{${members.join(",")}}\n`;
}

function consoleLine(event: LogEvent): string {
  const columns = [formatTimestamp(event.timestampMs), event.level];
  if (event.logger !== "") columns.push(event.logger);
  if (event.caller !== "") columns.push(event.caller);
  // A line break in a message would let somebody write log lines of their own.
  columns.push(event.message.replaceAll(/[\r\n]/g, " "));
  const members = membersOf(event.fields, ": ", ", ");
  if (members.length > 0) columns.push(`{${members.join(", ")}}`);
  // As in etcd the way to an error is told on the lines below it.
  return `${columns.join("\t")}\n${event.stack === "" ? "" : `${event.stack}\n`}`;
}

/** The members of a JSON object; the console has spaces between them, and in lists. */
function membersOf(fields: LogFields, colon: string, comma: string): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}${colon}${valueOf(value, comma)}`);
}

function valueOf(value: unknown, comma: string): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(comma)}]`;
  return jsonOf(value);
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, plainValue) ?? JSON.stringify(String(value));
  } catch {
    // A value that holds itself; a log line is no place to fail.
    return JSON.stringify(String(value));
  }
}

/** What JSON does not know becomes what a reader of logs expects. */
function plainValue(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === "string" && value.length > CONFIG_LIMITS.logFieldCharacters) {
    return `${value.slice(0, CONFIG_LIMITS.logFieldCharacters)}...`;
  }
  return value;
}

/** Local time with microseconds and its distance from UTC, as `2026-01-02T15:04:05.000000+0100`. */
function formatTimestamp(timestampMs: number): string {
  const aheadMinutes = -new Date(timestampMs).getTimezoneOffset();
  const local = new Date(timestampMs + aheadMinutes * 60_000).toISOString();
  return `${local.slice(0, -1)}000${formatZone(aheadMinutes)}`;
}

function formatZone(aheadMinutes: number): string {
  if (aheadMinutes === 0) return "Z";
  const minutes = Math.abs(aheadMinutes);
  const hours = String(Math.floor(minutes / 60)).padStart(2, "0");
  return `${aheadMinutes < 0 ? "-" : "+"}${hours}${String(minutes % 60).padStart(2, "0")}`;
}
