import { DurationError } from "../../../base/go_duration.ts";
import { LiteralError } from "../../../base/go_literal.ts";
import { UrlError } from "../../../base/endpoint_url.ts";
import { ValueError } from "../errors.ts";
import type { FileScalar, FileValue } from "./file_value.ts";

/** How the values of a setting are read, written and copied. */
export interface ValueKind<T> {
  /** What the documentation calls values of this kind. */
  readonly name: string;
  /** Whether a flag of this kind may stand without a value, which then is `true`. */
  readonly isSwitch: boolean;
  /** Reads a flag's or an environment variable's text. Throws a ValueError. */
  fromText(text: string, current: T): T;
  /** Reads what stands in a config file. Throws a ValueError. */
  fromFile(value: FileValue, current: T): T;
  /** The value as a flag takes it. Values with the same text are the same value. */
  toText(value: T): string;
  /** A value that shares nothing which could change. */
  copy(value: T): T;
  /** What is wrong with a value that a program made, where the type does not say it. */
  complaint?(value: T): string | undefined;
}

/** Runs a reader of base/, whose errors know nothing of settings, and makes theirs ours. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (
      error instanceof LiteralError || error instanceof UrlError || error instanceof DurationError
    ) {
      throw new ValueError(error.message, { cause: error });
    }
    throw error;
  }
}

/** The value as a single word or text. */
export function scalarOf(value: FileValue): FileScalar {
  if (value.kind !== "scalar") throw new ValueError(`must be one value, not a ${value.kind}`);
  return value;
}

/** The text of a number or boolean, which a config file writes without quotes. */
export function plainTextOf(value: FileValue, what: string): string {
  const scalar = scalarOf(value);
  if (scalar.isQuoted) throw new ValueError(`must be ${what}, without quotes`);
  return scalar.text;
}
