/** How a flag's value is written. */
type FlagKind = "bool" | "string" | "strings" | "int64" | "uint" | "duration";

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
  /** What it can be set to, for shells that complete it; undefined: anything. */
  readonly values?: readonly string[];
}

/** A switch that is off unless it is given. */
export function boolFlag(name: string, usage: string, shorthand?: string): Flag {
  return { name, kind: "bool", default: "false", usage, ...(shorthand ? { shorthand } : {}) };
}

/** A switch that is on unless it is given as `--name=false`. */
export function onFlag(name: string, usage: string): Flag {
  return { name, kind: "bool", default: "true", usage };
}

/** A flag with a text. */
export function stringFlag(name: string, value: string, usage: string): Flag {
  return { name, kind: "string", default: value, usage };
}

/** A flag with a whole number. */
export function int64Flag(name: string, usage: string, value = 0): Flag {
  return { name, kind: "int64", default: String(value), usage };
}

/** A flag with a whole number that is not negative. */
export function uintFlag(name: string, value: number, usage: string): Flag {
  return { name, kind: "uint", default: String(value), usage };
}

/** A flag with a duration in Go's syntax. */
export function durationFlag(name: string, value: string, usage: string): Flag {
  return { name, kind: "duration", default: value, usage };
}
