import { parseGoBool } from "../../../base/go_literal.ts";
import {
  DurationError,
  millisecondsFromNanoseconds,
  parseGoDuration,
} from "../../../base/go_duration.ts";
import { saturatedNumber } from "../../../base/saturated_number.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";
import type { Flag } from "./flag.ts";
import { IntegerError, parseAnyInt64, parseAnyUint64 } from "./go_integer.ts";

/** A command line that does not fit the flags; the message is that of Go's pflag package. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** The arguments that are no flags. */
export interface Positionals {
  readonly args: readonly ByteText[];
  /** How many of them stand before `--`; undefined when there is no `--`. */
  readonly beforeDashes: number | undefined;
}

/** Flags with their values, read as POSIX programs and GNU's long options have it. */
export class FlagSet {
  readonly #flags = new Map<string, Flag>();
  readonly #shorthands = new Map<string, Flag>();
  readonly #values = new Map<string, ByteText>();

  constructor(flags: Iterable<Flag>) {
    for (const flag of flags) {
      this.#flags.set(flag.name, flag);
      if (flag.shorthand !== undefined) this.#shorthands.set(flag.shorthand, flag);
    }
  }

  /** The flags themselves, by name. */
  flags(): Flag[] {
    return [...this.#flags.values()].toSorted((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Whether the flag was given. */
  changed(name: string): boolean {
    return this.#values.has(name);
  }

  bool(name: string): boolean {
    return parseGoBool(this.text(name));
  }

  /** The value as it was given. */
  text(name: string): ByteText {
    const flag = this.#flags.get(name);
    if (flag === undefined) throw new TypeError(`There is no flag --${name}`);
    return this.#values.get(name) ?? flag.default;
  }

  /** The values of a flag that takes several, separated by commas. */
  texts(name: string): ByteText[] {
    const text = this.text(name);
    return text === "" ? [] : text.split(",");
  }

  int64(name: string): number {
    return saturatedNumber(parseAnyInt64(this.text(name)));
  }

  uint(name: string): number {
    return saturatedNumber(parseAnyUint64(this.text(name)));
  }

  /** A negative time is over already, so it is none. */
  durationMs(name: string): number {
    return Math.max(0, millisecondsFromNanoseconds(parseGoDuration(this.text(name))));
  }

  /** Sets a flag from elsewhere; a value that does not fit is ignored, and it is told why. */
  setIfSound(name: string, value: ByteText): string | undefined {
    const flag = this.#flags.get(name);
    if (flag === undefined) return undefined;
    const why = whyUnsound(flag, value);
    if (why === undefined) this.#values.set(name, value);
    return why;
  }

  /** Reads a command line and returns what is no flag. Throws a FlagError. */
  parse(args: readonly ByteText[]): Positionals {
    const positionals: ByteText[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg === "--") {
        const rest = args.slice(i + 1);
        return { args: [...positionals, ...rest], beforeDashes: positionals.length };
      }
      if (arg.startsWith("--")) i += this.#long(arg.slice(2), args[i + 1]);
      else if (arg.startsWith("-") && arg !== "-") i += this.#short(arg.slice(1), args[i + 1]);
      else positionals.push(arg);
    }
    return { args: positionals, beforeDashes: undefined };
  }

  /**
   * Whether the argument is a flag whose value is the next argument, as far as these flags are
   * concerned; one that nobody knows is taken for such.
   */
  takesNext(arg: ByteText): boolean {
    if (!arg.startsWith("-") || arg.includes("=")) return false;
    if (arg.startsWith("--")) return this.#flags.get(arg.slice(2))?.kind !== "bool";
    return arg.length === 2 && this.#shorthands.get(arg[1])?.kind !== "bool";
  }

  /** Returns how many of the following arguments it took. */
  #long(text: ByteText, next: ByteText | undefined): number {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: --${text}`);
    const flag = this.#flags.get(name);
    if (flag === undefined) throw new FlagError(`unknown flag: --${name}`);
    if (equals >= 0) return this.#set(flag, text.slice(equals + 1), 0);
    if (flag.kind === "bool") return this.#set(flag, "true", 0);
    if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
    return this.#set(flag, next, 1);
  }

  #short(text: ByteText, next: ByteText | undefined): number {
    for (let i = 0; i < text.length; i++) {
      const flag = this.#shorthands.get(text[i]);
      const rest = text.slice(i + 1);
      if (flag === undefined) {
        throw new FlagError(`unknown shorthand flag: ${shorthandOf(text[i])} in -${text.slice(i)}`);
      }
      if (rest.length > 1 && rest.startsWith("=")) return this.#set(flag, rest.slice(1), 0);
      if (flag.kind === "bool") this.#set(flag, "true", 0);
      else if (rest !== "") return this.#set(flag, rest, 0);
      else if (next !== undefined) return this.#set(flag, next, 1);
      else {throw new FlagError(
          `flag needs an argument: ${shorthandOf(text[i])} in -${text.slice(i)}`,
        );}
    }
    return 0;
  }

  #set(flag: Flag, value: ByteText, taken: number): number {
    const why = whyUnsound(flag, value);
    if (why !== undefined) {
      const { name, shorthand } = flag;
      const shown = shorthand === undefined ? `--${name}` : `-${shorthand}, --${name}`;
      const message = `invalid argument ${quoteBytes(value)} for "${shown}" flag: ${why}`;
      throw new FlagError(message);
    }
    const before = flag.kind === "strings" ? this.#values.get(flag.name) : undefined;
    this.#values.set(flag.name, before === undefined ? value : `${before},${value}`);
    return taken;
  }
}

function shorthandOf(character: string): string {
  return `'${character}'`;
}

/** What is wrong with a value, in Go's words; undefined if it is sound. */
function whyUnsound({ kind }: Flag, value: ByteText): string | undefined {
  try {
    if (kind === "int64") parseAnyInt64(value);
    else if (kind === "uint") parseAnyUint64(value);
    else if (kind === "duration") parseGoDuration(value);
    else if (kind === "bool") parseGoBool(value);
    return undefined;
  } catch (error) {
    if (kind === "bool") return `strconv.ParseBool: parsing ${quoteBytes(value)}: invalid syntax`;
    if (error instanceof IntegerError || error instanceof DurationError) return error.message;
    throw error;
  }
}
