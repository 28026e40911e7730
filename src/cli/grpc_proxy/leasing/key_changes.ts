import type { PutRequest, RequestOp, ResponseOp } from "../../../pb/etcdserverpb.ts";
import type { KeyInterval } from "../key_interval.ts";

/** What a request may write, whatever becomes of its conditions. */
export interface WriteTargets {
  readonly keys: ReadonlySet<string>;
  readonly intervals: readonly KeyInterval[];
}

/** What a request has done to a key or to all keys of an interval. */
export interface KeyChange {
  readonly interval: KeyInterval;
  /** Undefined: deleted. */
  readonly put: PutRequest | undefined;
}

/** What one operation may write. */
export function targetsOf(op: RequestOp): WriteTargets {
  const keys = new Set<string>();
  const intervals: KeyInterval[] = [];
  collectTargets(op, keys, intervals);
  return { keys, intervals };
}

function collectTargets(op: RequestOp, keys: Set<string>, intervals: KeyInterval[]): void {
  const { requestPut, requestDeleteRange, requestTxn } = op;
  if (requestPut !== undefined) keys.add(requestPut.key);
  if (requestDeleteRange !== undefined) {
    const { key, rangeEnd } = requestDeleteRange;
    if (rangeEnd === "") keys.add(key);
    else intervals.push({ key, rangeEnd });
  }
  if (requestTxn === undefined) return;
  for (const inner of [...requestTxn.success, ...requestTxn.failure]) {
    collectTargets(inner, keys, intervals);
  }
}

/** What an operation has changed, as its response tells, in the order in which it happened. */
export function changesOf(op: RequestOp, response: ResponseOp): KeyChange[] {
  const { requestPut, requestDeleteRange, requestTxn } = op;
  if (requestPut !== undefined) {
    return [{ interval: { key: requestPut.key, rangeEnd: "" }, put: requestPut }];
  }
  if (requestDeleteRange !== undefined) {
    const { key, rangeEnd } = requestDeleteRange;
    return [{ interval: { key, rangeEnd }, put: undefined }];
  }
  const { responseTxn } = response;
  if (requestTxn === undefined || responseTxn === undefined) return [];
  const ran = responseTxn.succeeded ? requestTxn.success : requestTxn.failure;
  return ran.flatMap((inner, i) => changesOf(inner, responseTxn.responses[i]));
}
