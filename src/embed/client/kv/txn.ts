import {
  Compare,
  CompareResult,
  CompareTarget,
  RequestOp,
  TxnRequest,
} from "../../../pb/etcdserverpb.ts";
import { type BytesLike, type KeyRange, toBytes, toRange } from "./keys.ts";
import {
  type DeleteOptions,
  deleteRequest,
  type PutOptions,
  putRequest,
  type RangeOptions,
  rangeRequest,
} from "./requests.ts";
import type { TxnResult } from "./results.ts";
import type { CallOptions } from "../transport/transport.ts";

/** How two things are compared. */
export type Comparison = "=" | "!=" | "<" | ">";

const COMPARE_RESULTS: Readonly<Record<Comparison, number>> = {
  "=": CompareResult.EQUAL,
  "!=": CompareResult.NOT_EQUAL,
  "<": CompareResult.LESS,
  ">": CompareResult.GREATER,
};

/** A condition of a transaction; see {@linkcode compare}. */
export interface Condition {
  /**
   * The condition as it travels.
   *
   * @internal
   */
  readonly message: Compare;
}

/** An operation of a transaction; see {@linkcode op}. */
export interface Operation {
  /**
   * The operation as it travels.
   *
   * @internal
   */
  readonly message: RequestOp;
}

/**
 * Conditions of a transaction. A key that is not there has version, revisions and lease 0, and
 * fails every comparison of its value. With a range all its keys must fulfil the condition.
 */
export const compare = {
  /** Compares how often the key was put since it was made; 0: it is not there. */
  version(key: BytesLike, is: Comparison, version: number, range: KeyRange = {}): Condition {
    return condition(key, is, CompareTarget.VERSION, { version }, range);
  },
  /** Compares the revision at which the key was made. */
  createRevision(
    key: BytesLike,
    is: Comparison,
    createRevision: number,
    range: KeyRange = {},
  ): Condition {
    return condition(key, is, CompareTarget.CREATE, { createRevision }, range);
  },
  /** Compares the revision of the key's last change. */
  modRevision(
    key: BytesLike,
    is: Comparison,
    modRevision: number,
    range: KeyRange = {},
  ): Condition {
    return condition(key, is, CompareTarget.MOD, { modRevision }, range);
  },
  /** Compares the value, byte by byte. */
  value(key: BytesLike, is: Comparison, value: BytesLike, range: KeyRange = {}): Condition {
    return condition(key, is, CompareTarget.VALUE, { value: toBytes(value) }, range);
  },
  /** Compares the lease that the key hangs on. */
  lease(key: BytesLike, is: Comparison, lease: bigint, range: KeyRange = {}): Condition {
    return condition(key, is, CompareTarget.LEASE, { lease }, range);
  },
} as const;

/** Operations of a transaction. */
export const op = {
  /** Reads. */
  get(key: BytesLike, options: RangeOptions = {}): Operation {
    return { message: RequestOp.create({ requestRange: rangeRequest(key, options) }) };
  },
  /** Writes one key. */
  put(key: BytesLike, value: BytesLike, options: PutOptions = {}): Operation {
    return { message: RequestOp.create({ requestPut: putRequest(key, value, options) }) };
  },
  /** Deletes. */
  delete(key: BytesLike, options: DeleteOptions = {}): Operation {
    return { message: RequestOp.create({ requestDeleteRange: deleteRequest(key, options) }) };
  },
  /** A transaction inside the transaction. */
  txn(txn: TxnBuilder): Operation {
    return { message: RequestOp.create({ requestTxn: txn.request() }) };
  },
} as const;

/** Sends a transaction. */
type CommitTxn = (request: TxnRequest, options: CallOptions) => Promise<TxnResult>;

/**
 * A transaction in the making: when all conditions hold the operations for success run, otherwise
 * those for failure, all of them at one revision or none. (A method called `then` would make the
 * builder look like a promise.)
 */
export class TxnBuilder {
  readonly #commit: CommitTxn;
  readonly #request = TxnRequest.create();

  /** Use {@linkcode Client.txn}. */
  constructor(commit: CommitTxn) {
    this.#commit = commit;
  }

  /** Adds conditions; without any the operations for success run. */
  if(...conditions: Condition[]): this {
    this.#request.compare.push(...conditions.map(({ message }) => message));
    return this;
  }

  /** Adds operations for the case that all conditions hold. */
  success(...operations: Operation[]): this {
    this.#request.success.push(...operations.map(({ message }) => message));
    return this;
  }

  /** Adds operations for the case that a condition does not hold. */
  failure(...operations: Operation[]): this {
    this.#request.failure.push(...operations.map(({ message }) => message));
    return this;
  }

  /**
   * The transaction as it travels.
   *
   * @internal
   */
  request(): TxnRequest {
    return this.#request;
  }

  /**
   * Runs the transaction. Rejects with InvalidArgument when it is malformed, for example when it
   * puts the same key twice.
   */
  commit(options: CallOptions = {}): Promise<TxnResult> {
    return this.#commit(this.#request, options);
  }
}

function condition(
  key: BytesLike,
  is: Comparison,
  target: number,
  expected: Partial<Compare>,
  range: KeyRange,
): Condition {
  const result = COMPARE_RESULTS[is];
  return { message: Compare.create({ ...toRange(key, range), target, result, ...expected }) };
}
