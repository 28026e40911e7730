import assert from "node:assert/strict";
import { ValueError } from "../embed/config/errors.ts";
import { parseFlags, UsageError } from "./flags.ts";

interface Outcome {
  readonly set: readonly string[];
  readonly positional: readonly string[];
  readonly isHelpWanted: boolean;
}

function parse(...args: string[]): Outcome {
  const set: string[] = [];
  const parsed = parseFlags(args, (name) => {
    if (name !== "word" && name !== "switch") return undefined;
    return {
      isSwitch: name === "switch",
      set(text) {
        if (text === "bad") throw new ValueError("parse error");
        set.push(`${name}=${text}`);
      },
    };
  }, () => "");
  return { set, ...parsed };
}

Deno.test("parseFlags() takes one dash or two, and the value behind = or in the next argument", () => {
  assert.deepEqual(parse("-word=a", "--word", "b", "-word", "-c", "--word==d", "--word=").set, [
    "word=a",
    "word=b",
    "word=-c",
    "word==d",
    "word=",
  ]);
});

Deno.test("parseFlags() lets a switch stand alone", () => {
  assert.deepEqual(parse("-switch", "--switch=false", "--switch").set, [
    "switch=true",
    "switch=false",
    "switch=true",
  ]);
  const outcome = parse("--switch", "false");
  assert.deepEqual([outcome.set, outcome.positional], [["switch=true"], ["false"]]);
});

Deno.test("parseFlags() ends at the first argument that is no flag", () => {
  assert.deepEqual(parse("--switch", "rest", "--word", "a").positional, ["rest", "--word", "a"]);
  assert.deepEqual(parse("--switch", "--", "--word").positional, ["--word"]);
  assert.deepEqual(parse("-").positional, ["-"]);
  assert.deepEqual(parse("", "x").positional, ["", "x"]);
  assert.deepEqual(parse("--").positional, []);
});

Deno.test("parseFlags() asks for help when it is asked for", () => {
  for (const flag of ["-h", "--h", "-help", "--help", "--help=x"]) {
    assert(parse("--switch", flag, "--nope").isHelpWanted, flag);
  }
});

Deno.test("parseFlags() complains in the words of Go's flag package", () => {
  const cases: [string[], string][] = [
    [["--nope"], "flag provided but not defined: -nope"],
    [["-nope=1"], "flag provided but not defined: -nope"],
    [["--word"], "flag needs an argument: -word"],
    [["---word"], "bad flag syntax: ---word"],
    [["--=a"], "bad flag syntax: --=a"],
    [["-=a"], "bad flag syntax: -=a"],
    [["--word=bad"], 'invalid value "bad" for flag -word: parse error'],
    [["--switch=bad"], 'invalid boolean value "bad" for -switch: parse error'],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parse(...args), new UsageError(message));
  }
});
