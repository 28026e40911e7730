import assert from "node:assert/strict";
import { boolFlag, durationFlag, type Flag, int64Flag, stringFlag } from "./flag.ts";
import { FlagError, FlagSet } from "./flag_set.ts";

const FLAGS: readonly Flag[] = [
  boolFlag("interactive", "", "i"),
  boolFlag("verbose", "", "v"),
  { name: "write-out", shorthand: "w", kind: "string", default: "simple", usage: "" },
  { name: "endpoints", kind: "strings", default: "a:1", usage: "" },
  int64Flag("rev", ""),
  durationFlag("timeout", "5s", ""),
  stringFlag("name", "", ""),
];

function parse(...args: string[]): [FlagSet, readonly string[], number | undefined] {
  const flags = new FlagSet(FLAGS);
  const { args: rest, beforeDashes } = flags.parse(args);
  return [flags, rest, beforeDashes];
}

Deno.test("FlagSet gives the defaults of flags that are not given", () => {
  const [flags, rest, beforeDashes] = parse();
  assert.equal(flags.bool("interactive"), false);
  assert.equal(flags.text("write-out"), "simple");
  assert.deepEqual(flags.texts("endpoints"), ["a:1"]);
  assert.equal(flags.int64("rev"), 0);
  assert.equal(flags.durationMs("timeout"), 5000);
  assert.deepEqual([rest, beforeDashes], [[], undefined]);
  assert.ok(!flags.changed("rev"));
});

Deno.test("FlagSet.parse() takes flags in every form, anywhere", () => {
  const [flags, rest] = parse("x", "--rev=0x10", "-iwjson", "y", "--timeout", "1.5s", "-v", "-");
  assert.deepEqual(rest, ["x", "y", "-"]);
  assert.equal(flags.int64("rev"), 16);
  assert.ok(flags.bool("interactive") && flags.bool("verbose"));
  assert.equal(flags.text("write-out"), "json");
  assert.equal(flags.durationMs("timeout"), 1500);
  assert.ok(flags.changed("rev"));
});

Deno.test("FlagSet.durationMs() takes a negative time as none, which no timer can wait", () => {
  assert.equal(parse("--timeout=-1s")[0].durationMs("timeout"), 0);
});

Deno.test("FlagSet.parse() lets the last value win, and collects lists", () => {
  const [flags] = parse("-w", "a", "-w=b", "--endpoints=a,b", "--endpoints", "c", "-i=false");
  assert.equal(flags.text("write-out"), "b");
  assert.deepEqual(flags.texts("endpoints"), ["a", "b", "c"]);
  assert.deepEqual(parse("--endpoints=")[0].texts("endpoints"), []);
});

Deno.test("FlagSet.parse() takes everything behind -- as it is", () => {
  const [flags, rest, beforeDashes] = parse("a", "--", "--rev=5", "--", "-i");
  assert.deepEqual(rest, ["a", "--rev=5", "--", "-i"]);
  assert.equal(beforeDashes, 1);
  assert.ok(!flags.changed("rev"));
});

Deno.test("FlagSet.parse() says what is wrong in pflag's words", () => {
  const cases: [string[], string][] = [
    [["--other"], "unknown flag: --other"],
    [["-ix"], "unknown shorthand flag: 'x' in -x"],
    [["--rev"], "flag needs an argument: --rev"],
    [["-iw"], "flag needs an argument: 'w' in -w"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
    [
      ["--rev=x"],
      'invalid argument "x" for "--rev" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      ["--rev=9223372036854775808"],
      'invalid argument "9223372036854775808" for "--rev" flag: ' +
      'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    [
      ["-i=maybe"],
      'invalid argument "maybe" for "-i, --interactive" flag: ' +
      'strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ["--timeout=5"],
      'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"',
    ],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parse(...args), (error) => {
      assert.ok(error instanceof FlagError);
      assert.equal(error.message, message);
      return true;
    });
  }
});

Deno.test("FlagSet.setIfSound() ignores what does not fit and says why", () => {
  const flags = new FlagSet(FLAGS);
  assert.equal(flags.setIfSound("rev", "x"), 'strconv.ParseInt: parsing "x": invalid syntax');
  assert.equal(flags.setIfSound("nothing", "x"), undefined);
  assert.equal(flags.setIfSound("timeout", "1s"), undefined);
  assert.ok(!flags.changed("rev"));
  assert.equal(flags.durationMs("timeout"), 1000);
});
