import {
  Compare,
  CompareResult,
  CompareTarget,
  RangeRequest,
  RequestOp,
  ResponseOp,
  type TxnRequest,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import type { KeyInterval } from "../key_interval.ts";
import type { WriteTargets } from "./key_changes.ts";
import { LEASING_LIMITS } from "./limits.ts";

/** Nobody may own these leasing keys but by an ownership that was made at this revision or before. */
export interface Guard {
  readonly interval: KeyInterval;
  readonly revision: number;
}

/** The condition that a guard is for the servers. */
function conditionOf({ interval, revision }: Guard): Compare {
  return Compare.create({
    ...interval,
    target: CompareTarget.CREATE,
    result: CompareResult.LESS,
    createRevision: revision + 1,
  });
}

/**
 * A transaction that does something if all guards hold, and otherwise tells who owns the single keys
 * among the guarded.
 */
export function guardedTxn(guards: readonly Guard[], op: RequestOp): TxnRequest {
  return {
    compare: guards.map(conditionOf),
    success: opsInside(op),
    failure: guards.filter(({ interval }) => interval.rangeEnd === "").map(({ interval }) =>
      RequestOp.create({ requestRange: RangeRequest.create({ key: interval.key }) })
    ),
  };
}

/** What the operation itself was answered with, in a guarded transaction whose guards held. */
export function ownResponse(op: RequestOp, { header, responses }: TxnResponse): ResponseOp {
  if (op.requestTxn === undefined) return responses[0];
  if (isUnconditional(op)) {
    return ResponseOp.create({ responseTxn: { header, succeeded: true, responses } });
  }
  const inner = responses[0].responseTxn ?? TxnResponse.create();
  return ResponseOp.create({ responseTxn: { ...inner, header } });
}

/**
 * Whether each key can have a guard of its own: the servers allow a transaction and those inside it so
 * many operations, of which guards are some.
 */
export function fitsGuardsOfKeys(op: RequestOp, { keys, intervals }: WriteTargets): boolean {
  const ops = opsInside(op);
  const width = Math.max(keys.size + intervals.length, ops.length);
  return width + Math.max(0, ...ops.map(opCountOf)) <= LEASING_LIMITS.txnOps;
}

/** The least interval that has all targets in it. */
export function hullOf({ keys, intervals }: WriteTargets): KeyInterval {
  const starts = [...keys, ...intervals.map(({ key }) => key)].sort();
  const isEndless = intervals.some(({ rangeEnd }) => rangeEnd === "\0");
  const ends = [...[...keys].map((key) => `${key}\0`), ...intervals.map((one) => one.rangeEnd)];
  return { key: starts[0], rangeEnd: isEndless ? "\0" : ends.sort()[ends.length - 1] };
}

/** A transaction without conditions need not be one inside the guarded one. */
function isUnconditional({ requestTxn }: RequestOp): boolean {
  return requestTxn?.compare.length === 0 && requestTxn.failure.length === 0;
}

function opsInside(op: RequestOp): RequestOp[] {
  return op.requestTxn !== undefined && isUnconditional(op) ? op.requestTxn.success : [op];
}

/** Operations on the deepest way through a transaction, as the servers count them. */
function opCountOf({ requestTxn }: RequestOp): number {
  if (requestTxn === undefined) return 0;
  const { compare, success, failure } = requestTxn;
  const inner = [...success, ...failure].map(opCountOf);
  return Math.max(compare.length, success.length, failure.length) + Math.max(0, ...inner);
}
