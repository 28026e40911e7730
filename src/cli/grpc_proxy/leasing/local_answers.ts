import { compareBytes, EMPTY_BYTES } from "../../../base/bytes.ts";
import { matches, orderOfLeases } from "../../../core/mvcc/compare.ts";
import {
  type Compare,
  CompareTarget,
  type RangeRequest,
  RangeResponse,
  type RequestOp,
  type ResponseHeader,
  ResponseOp,
  type TxnRequest,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";
import type { KnownPair } from "./owned_key.ts";

const MISSING = KeyValue.create();

/** Whether the answer follows from what one key is now. */
export function isReadOfOneKey(request: RangeRequest): boolean {
  const { key, rangeEnd, revision, sortOrder, sortTarget } = request;
  return key !== "" && rangeEnd === "" && revision <= 0 && sortOrder === 0 && sortTarget === 0;
}

/** The answer of a server that has this pair. */
export function answerRange(
  request: RangeRequest,
  { pair }: KnownPair,
  header: ResponseHeader | undefined,
): RangeResponse {
  if (pair === undefined) return { header, kvs: [], more: false, count: 0 };
  const isShown = !request.countOnly && passes(pair, request);
  const shown = request.keysOnly ? { ...pair, value: EMPTY_BYTES } : pair;
  return { header, kvs: isShown ? [shown] : [], more: false, count: 1 };
}

function passes({ modRevision, createRevision }: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (minModRevision !== 0 && modRevision < minModRevision) return false;
  if (maxModRevision !== 0 && modRevision > maxModRevision) return false;
  if (minCreateRevision !== 0 && createRevision < minCreateRevision) return false;
  return maxCreateRevision === 0 || createRevision <= maxCreateRevision;
}

/** The answer to a transaction; undefined if more must be known than these pairs. */
export function answerTxn(
  request: TxnRequest,
  pairOf: (key: string) => KnownPair | undefined,
  header: ResponseHeader | undefined,
): TxnResponse | undefined {
  const succeeded = allHold(request.compare, pairOf);
  if (succeeded === undefined) return undefined;
  const responses: ResponseOp[] = [];
  for (const op of succeeded ? request.success : request.failure) {
    const response = answerOp(op, pairOf, header);
    if (response === undefined) return undefined;
    responses.push(response);
  }
  return { header, succeeded, responses };
}

function answerOp(
  { requestRange }: RequestOp,
  pairOf: (key: string) => KnownPair | undefined,
  header: ResponseHeader | undefined,
): ResponseOp | undefined {
  if (requestRange === undefined || !isReadOfOneKey(requestRange)) return undefined;
  const known = pairOf(requestRange.key);
  if (known === undefined) return undefined;
  return ResponseOp.create({ responseRange: answerRange(requestRange, known, header) });
}

/** Undefined: it depends on what is not known. */
function allHold(
  conditions: readonly Compare[],
  pairOf: (key: string) => KnownPair | undefined,
): boolean | undefined {
  let isKnown = true;
  for (const condition of conditions) {
    const known = condition.rangeEnd === "" ? pairOf(condition.key) : undefined;
    if (known === undefined) isKnown = false;
    else if (!holds(condition, known.pair)) return false;
  }
  return isKnown ? true : undefined;
}

/** As the servers see it: a missing key has zeros everywhere, and a value that equals nothing. */
function holds(condition: Compare, pair: KeyValue | undefined): boolean {
  if (pair === undefined && condition.target === CompareTarget.VALUE) return false;
  return matches(condition.result, orderOf(pair ?? MISSING, condition));
}

function orderOf(pair: KeyValue, condition: Compare): number {
  switch (condition.target) {
    case CompareTarget.VERSION:
      return pair.version - (condition.version ?? 0);
    case CompareTarget.CREATE:
      return pair.createRevision - (condition.createRevision ?? 0);
    case CompareTarget.MOD:
      return pair.modRevision - (condition.modRevision ?? 0);
    case CompareTarget.LEASE:
      return orderOfLeases(pair.lease, condition.lease ?? 0n);
    case CompareTarget.VALUE:
      return compareBytes(pair.value, condition.value ?? EMPTY_BYTES);
    default:
      return 0;
  }
}
