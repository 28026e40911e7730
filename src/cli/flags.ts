import { goQuote } from "../base/go_quote.ts";
import { ValueError } from "../embed/config/errors.ts";

/** A command line that cannot be read; the usage text belongs behind the message. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What the parser must know of a flag. */
export interface Flag {
  /** Whether it may stand without a value, which then is `true`. */
  readonly isSwitch: boolean;
  /** Takes the value. Throws a ValueError. */
  set(text: string): void;
}

/** What is left when the flags are read. */
interface ParsedFlags {
  /** Whether `--help` or `-h` stood there; nothing behind it was read. */
  readonly isHelpWanted: boolean;
  /** What is no flag, from the first such argument on. */
  readonly positional: readonly string[];
}

/**
 * Reads flags in the syntax of Go's flag package: one dash or two, the value behind `=` or in the
 * next argument, and `--` or the first argument that is no flag ends them. Throws a UsageError in
 * Go's words.
 */
export function parseFlags(
  args: readonly string[],
  flagOf: (name: string) => Flag | undefined,
  hintFor: (name: string) => string,
): ParsedFlags {
  let next = 0;
  while (next < args.length && isFlag(args[next])) {
    const argument = args[next++];
    if (argument === "--") break;
    const { name, value } = cutFlag(argument);
    const flag = flagOf(name);
    if (flag === undefined) {
      if (name === "help" || name === "h") return { isHelpWanted: true, positional: [] };
      throw new UsageError(`flag provided but not defined: -${name}${hintFor(name)}`);
    }
    if (flag.isSwitch) {
      setSwitch(flag, name, value);
    } else if (value !== undefined) {
      setValue(flag, name, value);
    } else {
      if (next === args.length) throw new UsageError(`flag needs an argument: -${name}`);
      setValue(flag, name, args[next++]);
    }
  }
  return { isHelpWanted: false, positional: args.slice(next) };
}

/** A lone dash is an argument like any other. */
function isFlag(argument: string): boolean {
  return argument.length > 1 && argument.startsWith("-");
}

function cutFlag(argument: string): { name: string; value: string | undefined } {
  const body = argument.replace(/^--?/, "");
  if (body === "" || body.startsWith("-") || body.startsWith("=")) {
    throw new UsageError(`bad flag syntax: ${argument}`);
  }
  const equals = body.indexOf("=");
  if (equals < 0) return { name: body, value: undefined };
  return { name: body.slice(0, equals), value: body.slice(equals + 1) };
}

function setSwitch(flag: Flag, name: string, value: string | undefined): void {
  const text = value ?? "true";
  setOr(flag, text, (why) => `invalid boolean value ${goQuote(text)} for -${name}: ${why}`);
}

function setValue(flag: Flag, name: string, text: string): void {
  setOr(flag, text, (why) => `invalid value ${goQuote(text)} for flag -${name}: ${why}`);
}

function setOr(flag: Flag, text: string, message: (why: string) => string): void {
  try {
    flag.set(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(message(error.message), { cause: error });
  }
}
