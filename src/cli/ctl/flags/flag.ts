/** How a flag's value is written. */
export type FlagKind = "bool" | "string" | "strings" | "int64" | "duration";

/** One flag of a command. */
export interface Flag {
  /** As in `--name`. */
  readonly name: string;
  /** As in `-n`. */
  readonly shorthand?: string;
  readonly kind: FlagKind;
  /** In the form in which it is given. */
  readonly default: string;
  readonly usage: string;
}

/** A switch that is off unless it is given. */
export function boolFlag(name: string, usage: string, shorthand?: string): Flag {
  return { name, kind: "bool", default: "false", usage, ...(shorthand ? { shorthand } : {}) };
}

/** A flag with a text. */
export function stringFlag(name: string, value: string, usage: string): Flag {
  return { name, kind: "string", default: value, usage };
}

/** A flag with a whole number; 0 unless it is given. */
export function int64Flag(name: string, usage: string): Flag {
  return { name, kind: "int64", default: "0", usage };
}

/** A flag with a duration in Go's syntax. */
export function durationFlag(name: string, value: string, usage: string): Flag {
  return { name, kind: "duration", default: value, usage };
}
