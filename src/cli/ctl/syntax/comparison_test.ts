import assert from "node:assert/strict";
import { CompareResult, CompareTarget } from "../../../pb/etcdserverpb.ts";
import { parseComparison } from "./comparison.ts";

Deno.test("parseComparison() reads every target and relation", () => {
  const { CREATE, LEASE, MOD, VALUE, VERSION } = CompareTarget;
  const { EQUAL, GREATER, LESS, NOT_EQUAL } = CompareResult;
  const cases = [
    ['value("k") = "v\\x00"', VALUE, EQUAL, { value: Uint8Array.of(0x76, 0) }],
    ['val("k") != `v`', VALUE, NOT_EQUAL, { value: Uint8Array.of(0x76) }],
    ['version("k") > "5"', VERSION, GREATER, { version: 5 }],
    ['ver("k") < "-5"', VERSION, LESS, { version: -5 }],
    ['create( "k")  =  "2" rest', CREATE, EQUAL, { createRevision: 2 }],
    ['m("k")\t=\t"3"', MOD, EQUAL, { modRevision: 3 }],
    ['lease("k") = "ff"', LEASE, EQUAL, { lease: 255n }],
  ] as const;
  for (const [line, target, result, expected] of cases) {
    const compare = parseComparison(line);
    assert.deepEqual({ ...compare, key: "k", target, result, ...expected }, compare, line);
  }
});

Deno.test("parseComparison() says what is malformed", () => {
  const cases: [string, string][] = [
    ["nothing", "malformed comparison: nothing"],
    ["value(k) = 1", 'malformed comparison: value(k) = 1; got value("")  ""'],
    ['value("k")="v"', 'malformed comparison: value("k")="v"; got value("k")  ""'],
    ['value("k") = v', 'malformed comparison: value("k") = v; got value("k") = ""'],
    ['other("k") = "v"', 'malformed comparison: other("k") = "v" (unknown target other)'],
    ['value("k") >= "v"', 'malformed comparison: value("k") >= "v" (unknown operator >=)'],
    ['mod("k") = "v"', 'invalid txn compare request: mod("k") = "v"'],
    ['lease("k") = "xyz"', 'invalid txn compare request: lease("k") = "xyz"'],
  ];
  for (const [line, message] of cases) {
    assert.throws(() => parseComparison(line), { exitCode: 3, message });
  }
});
