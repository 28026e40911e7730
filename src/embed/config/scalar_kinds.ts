import {
  formatGoDuration,
  millisecondsFromNanoseconds,
  nanosecondsFromMilliseconds,
  parseGoDuration,
} from "../../base/go_duration.ts";
import { parseGoBool, parseGoInt, parseGoUint } from "../../base/go_literal.ts";
import { goQuote } from "../../base/go_quote.ts";
import { saturatedNumber } from "../../base/saturated_number.ts";
import { ValueError } from "./errors.ts";
import { FeatureGates } from "./feature_gates.ts";
import type { FileValue } from "./file_value.ts";
import { plainTextOf, reading, scalarOf, type ValueKind } from "./value_kind.ts";

/** Any text. */
export const TEXT: ValueKind<string> = {
  name: "string",
  isSwitch: false,
  fromText: (text) => text,
  // etcd wants quotes around `auto-compaction-retention: 1`; it can only mean one thing.
  fromFile: (value) => scalarOf(value).text,
  toText: (value) => value,
  copy: (value) => value,
};

/** One of a few words; etcd checks such a flag when it is read. */
export function choiceKind(...words: string[]): ValueKind<string> {
  function fromText(text: string): string {
    if (!words.includes(text)) throw new ValueError("invalid value");
    return text;
  }
  // The file's words are checked by validate() alone, as in etcd.
  return { ...TEXT, name: words.join("|"), fromText };
}

/** One of a few words; validate() names them to whoever sets another one, in whatever way. */
export function wordKind(...words: string[]): ValueKind<string> {
  // The empty word is a value left unset, which needs no advertisement.
  const shown = words.filter((word) => word !== "").join(", ");
  function complaint(value: string): string | undefined {
    if (words.includes(value)) return undefined;
    return `must be one of ${shown} (set to ${goQuote(value)})`;
  }
  return { ...TEXT, complaint };
}

const YAML_TRUE = /^(?:true|yes|on|y)$/i;
const YAML_FALSE = /^(?:false|no|off|n)$/i;

/** A switch. */
export const BOOL: ValueKind<boolean> = {
  name: "bool",
  isSwitch: true,
  fromText: (text) => reading(() => parseGoBool(text)),
  fromFile(value) {
    const text = plainTextOf(value, "true or false");
    if (YAML_TRUE.test(text)) return true;
    if (YAML_FALSE.test(text)) return false;
    throw new ValueError(`must be true or false, not ${goQuote(text)}`);
  },
  toText: String,
  copy: (value) => value,
};

/**
 * All 64-bit numbers here are bounds and sizes, and no count or size ever reaches 2^53, so a bound
 * beyond it means the same as 2^53 - 1.
 */
function numberKind(
  name: string,
  least: number,
  read: (text: string) => bigint,
): ValueKind<number> {
  function complaint(value: number): string | undefined {
    if (Number.isInteger(value) && value >= least) return undefined;
    const range = Number.isFinite(least) ? ` of at least ${least}` : "";
    return `must be a whole number${range} (set to ${value})`;
  }
  return {
    name,
    complaint,
    isSwitch: false,
    fromText: (text) => saturatedNumber(reading(() => read(text))),
    fromFile(value) {
      const text = plainTextOf(value, "a whole number");
      return saturatedNumber(readFileNumber(text, read));
    },
    toText: String,
    copy: (value) => value,
  };
}

function readFileNumber(text: string, read: (text: string) => bigint): bigint {
  try {
    return reading(() => read(text));
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ValueError(`${goQuote(text)} is not a whole number in its range`, { cause: error });
  }
}

/** A whole number up to 2^64 - 1; validate() refuses one below the least. */
export function uintFrom(least: number): ValueKind<number> {
  return numberKind("uint", least, (text) => parseGoUint(text, 64));
}

/** A whole number from 0 up to 2^64 - 1. */
export const UINT: ValueKind<number> = uintFrom(0);

function intFrom(least: number): ValueKind<number> {
  return numberKind("int", least, (text) => parseGoInt(text, 64));
}

/** A whole number of 64 bits with a sign. */
export const INT: ValueKind<number> = intFrom(-Infinity);

/** The same, but validate() refuses a negative one. */
export const NON_NEGATIVE_INT: ValueKind<number> = intFrom(0);

/** A whole number from 0 up to 2^32 - 1; etcd lets the words of Go's strconv through here. */
export const UINT32: ValueKind<number> = {
  ...numberKind("uint32", 0, (text) => parseGoUint(text, 32)),
  fromText(text) {
    try {
      return Number(reading(() => parseGoUint(text, 32)));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const why = error.message === "parse error" ? "invalid syntax" : error.message;
      throw new ValueError(`strconv.ParseUint: parsing ${goQuote(text)}: ${why}`);
    }
  },
};

/** A Go duration on flags, whole nanoseconds in a file, milliseconds in the program. */
export const DURATION: ValueKind<number> = {
  name: "duration",
  isSwitch: false,
  fromText(text) {
    try {
      return millisecondsFromNanoseconds(reading(() => parseGoDuration(text)));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      // Go's flag package has one complaint for every malformed duration.
      throw new ValueError("parse error", { cause: error });
    }
  },
  fromFile: (value) => millisecondsFromNanoseconds(readFileNanoseconds(value)),
  toText: (value) => shortDuration(formatGoDuration(nanosecondsFromMilliseconds(value))),
  copy: (value) => value,
  complaint: (value) =>
    Number.isFinite(value) ? undefined : `must be a number of milliseconds (set to ${value})`,
};

/** The same, but validate() refuses a negative one. */
export const NON_NEGATIVE_DURATION: ValueKind<number> = {
  ...DURATION,
  complaint: (value) =>
    value < 0 && Number.isFinite(value)
      ? `must not be negative (set to ${DURATION.toText(value)})`
      : DURATION.complaint?.(value),
};

function readFileNanoseconds(value: FileValue): bigint {
  const { text, isQuoted } = scalarOf(value);
  if (!isQuoted && /^[-+]?[0-9]/.test(text)) {
    try {
      return parseGoInt(text, 64);
    } catch {
      // Not a number: what follows says what should stand here.
    }
  }
  throw new ValueError(
    `must be a whole number of nanoseconds, not ${goQuote(text)}${nanosecondsHint(text)}`,
  );
}

function nanosecondsHint(text: string): string {
  try {
    return `; write ${parseGoDuration(text)} for ${text}`;
  } catch {
    return "";
  }
}

/** `2h` says what Go prints as `2h0m0s`. */
function shortDuration(text: string): string {
  return text.replace(/m0s$/, "m").replace(/h0m$/, "h");
}

/** Switches of optional features. */
export const FEATURE_GATES: ValueKind<FeatureGates> = {
  name: "gates",
  isSwitch: false,
  fromText: (text, current) => current.with(text),
  fromFile: (value, current) => current.with(scalarOf(value).text),
  toText: String,
  copy: (value) => value,
};
