import { saturatedNumber } from "../../../base/saturated_number.ts";
import { Compare, CompareResult, CompareTarget } from "../../../pb/etcdserverpb.ts";
import { bytesFromLatin1 } from "../../../base/bytes.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";
import { invalidInput } from "../exit_code.ts";
import { IntegerError, parseInt64 } from "../flags/go_integer.ts";
import { scanQuoted } from "./go_scan.ts";

const RESULTS: ReadonlyMap<string, number> = new Map([
  ["=", CompareResult.EQUAL],
  ["!=", CompareResult.NOT_EQUAL],
  [">", CompareResult.GREATER],
  ["<", CompareResult.LESS],
]);

/** The three parts behind the target: what could be read of them. */
interface Operands {
  readonly key: ByteText;
  readonly relation: ByteText;
  readonly value: ByteText;
  readonly isComplete: boolean;
}

/** Reads a comparison such as `mod("key") > "0"`. Throws a CtlError when it is malformed. */
export function parseComparison(line: ByteText): Compare {
  const parenthesis = line.indexOf("(");
  if (parenthesis < 0) throw invalidInput(`malformed comparison: ${line}`);
  const target = line.slice(0, parenthesis);
  const { key, relation, value, isComplete } = readOperands(line.slice(parenthesis + 1));
  if (!isComplete) {
    const got = `${target}(${quoteBytes(key)}) ${relation} ${quoteBytes(value)}`;
    throw invalidInput(`malformed comparison: ${line}; got ${got}`);
  }
  const expected = expectedOf(target, value, line);
  const result = RESULTS.get(relation);
  if (result === undefined) {
    throw invalidInput(`malformed comparison: ${line} (unknown operator ${relation})`);
  }
  return Compare.create({ key, result, ...expected });
}

const RELATION = /\)[ \t]+(\S+)/y;
const SPACES = /[ \t]*/y;

function readOperands(text: ByteText): Operands {
  const key = scanQuoted(text, skipSpaces(text, 0));
  if (key === undefined) return { key: "", relation: "", value: "", isComplete: false };
  RELATION.lastIndex = key.end;
  const match = RELATION.exec(text);
  if (match === null) return { key: key.value, relation: "", value: "", isComplete: false };
  const [, relation] = match;
  const value = scanQuoted(text, skipSpaces(text, RELATION.lastIndex));
  return { key: key.value, relation, value: value?.value ?? "", isComplete: value !== undefined };
}

function skipSpaces(text: ByteText, start: number): number {
  SPACES.lastIndex = start;
  SPACES.exec(text);
  return SPACES.lastIndex;
}

function expectedOf(target: string, value: ByteText, line: ByteText): Partial<Compare> {
  switch (target) {
    case "ver":
    case "version":
      return { target: CompareTarget.VERSION, version: numberOf(value, line) };
    case "c":
    case "create":
      return { target: CompareTarget.CREATE, createRevision: numberOf(value, line) };
    case "m":
    case "mod":
      return { target: CompareTarget.MOD, modRevision: numberOf(value, line) };
    case "val":
    case "value":
      return { target: CompareTarget.VALUE, value: bytesFromLatin1(value) };
    case "lease":
      return { target: CompareTarget.LEASE, lease: integerOf(value, 16, line) };
    default:
      throw invalidInput(`malformed comparison: ${line} (unknown target ${target})`);
  }
}

function numberOf(value: ByteText, line: ByteText): number {
  return saturatedNumber(integerOf(value, 10, line));
}

function integerOf(value: ByteText, base: 10 | 16, line: ByteText): bigint {
  try {
    return parseInt64(value, base);
  } catch (error) {
    if (!(error instanceof IntegerError)) throw error;
    throw invalidInput(`invalid txn compare request: ${line}`);
  }
}
