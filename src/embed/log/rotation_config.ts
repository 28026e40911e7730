import { messageOf } from "../../base/error_message.ts";
import { ConfigError } from "../config/errors.ts";

/** When a log file is put aside for a new one, and what becomes of the old ones. */
export interface LogRotationConfig {
  /** Bytes that a file may have. */
  readonly maxBytes: number;
  /** Days after which an old file is removed; 0 is never. */
  readonly maxAgeDays: number;
  /** Old files to keep; 0 keeps all. */
  readonly maxBackups: number;
  /** Whether names of old files carry the machine's local time instead of UTC. */
  readonly isLocalTime: boolean;
  readonly isCompressed: boolean;
}

const BYTES_PER_MEGABYTE = 1024 * 1024;
/** What a `maxsize` of 0 stands for. */
const DEFAULT_MEGABYTES = 100;

/** The types that Go gives the members; others are ignored, as there. */
const GO_TYPES: Readonly<Record<string, "int" | "bool" | "string">> = {
  maxsize: "int",
  maxage: "int",
  maxbackups: "int",
  localtime: "bool",
  compress: "bool",
  filename: "string",
};

/** Reads `--log-rotation-config-json`. Throws a ConfigError in etcd's words. */
export function parseLogRotation(text: string): LogRotationConfig {
  const members = membersOf(text);
  return {
    maxBytes: (countOf(members, "maxsize") || DEFAULT_MEGABYTES) * BYTES_PER_MEGABYTE,
    maxAgeDays: countOf(members, "maxage"),
    maxBackups: countOf(members, "maxbackups"),
    isLocalTime: members.get("localtime") === true,
    isCompressed: members.get("compress") === true,
  };
}

/** The members by their names in lower case, since Go takes either. */
function membersOf(text: string): ReadonlyMap<string, unknown> {
  const parsed = parseJson(text);
  const members = new Map<string, unknown>();
  // Go takes null for nothing.
  if (parsed === null) return members;
  if (typeof parsed !== "object" || Array.isArray(parsed)) {
    throw typeError(parsed, "value", "embed.logRotationConfig");
  }
  for (const [key, value] of Object.entries(parsed)) {
    const name = key.toLowerCase();
    const type = GO_TYPES[name];
    if (type === undefined || value === null) continue;
    if (!isOfType(value, type)) {
      throw typeError(value, `struct field logRotationConfig.Logger.${name}`, type);
    }
    members.set(name, value);
  }
  return members;
}

function isOfType(value: unknown, type: "int" | "bool" | "string"): boolean {
  if (type === "bool") return typeof value === "boolean";
  if (type === "string") return typeof value === "string";
  return Number.isSafeInteger(value);
}

function typeError(value: unknown, place: string, type: string): ConfigError {
  return new ConfigError(
    `invalid log rotation config: json: cannot unmarshal ${jsonKindOf(value)} into Go ${place} ` +
      `of type ${type}`,
  );
}

/** What Go calls a JSON value of the wrong kind; of a number that is none of its type it tells all. */
function jsonKindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "number":
      return Number.isSafeInteger(value) ? "number" : `number ${value}`;
    case "boolean":
      return "bool";
    default:
      return typeof value;
  }
}

/** etcd takes a negative number and then writes no log at all, or keeps nothing. */
function countOf(members: ReadonlyMap<string, unknown>, name: string): number {
  const count = Number(members.get(name) ?? 0);
  if (count >= 0) return count;
  throw new ConfigError(`invalid log rotation config: ${name} must not be negative`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`improperly formatted log rotation config: ${syntaxError(text, error)}`, {
      cause: error,
    });
  }
}

/** The mistakes that people make, in Go's words: text that ends early or is no JSON at all. */
function syntaxError(text: string, error: unknown): string {
  const message = messageOf(error);
  if (/end of JSON input|Unterminated|Expected .* after|^Expected property/.test(message)) {
    if (!isCompletedBy(text)) return "unexpected end of JSON input";
  }
  const start = text.trimStart().charAt(0);
  if (start !== "" && !/[[{"\d\-tfn]/.test(start)) {
    return `invalid character '${start}' looking for beginning of value`;
  }
  return message;
}

/** Whether the text has its closing brace, so that the mistake is before its end. */
function isCompletedBy(text: string): boolean {
  return /[}\]]\s*$/.test(text);
}
