import type {
  Compare,
  PutRequest,
  RequestOp,
  ResponseOp,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../pb/mvccpb.ts";
import { prefixEndOf, TO_THE_END } from "./key_interval.ts";

/** What an interval of keys is described by in all requests. */
interface Interval {
  key: string;
  rangeEnd: string;
}

/** Puts a prefix before all keys, which clients do not see. */
export class Namespace {
  readonly #prefix: string;
  readonly #end: string;

  /** The prefix as latin1 text, like all keys. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#end = prefixEndOf(prefix);
  }

  /** Whether keys are the same on both sides. */
  get isEmpty(): boolean {
    return this.#prefix === "";
  }

  /** Moves an interval into the namespace. */
  enter(interval: Interval): void {
    const { key, rangeEnd } = interval;
    // A request without a key is one that the servers refuse, and shall.
    if (this.isEmpty || (key === "" && rangeEnd === "")) return;
    interval.key = this.#prefix + interval.key;
    if (rangeEnd !== "") {
      interval.rangeEnd = rangeEnd === TO_THE_END ? this.#end : this.#prefix + rangeEnd;
    }
  }

  /** Moves the key of a put into the namespace. */
  enterPut(put: PutRequest): void {
    if (put.key !== "") put.key = this.#prefix + put.key;
  }

  enterTxn({ compare, success, failure }: TxnRequest): void {
    for (const condition of compare) this.#enterCompare(condition);
    for (const op of [...success, ...failure]) this.#enterOp(op);
  }

  /** A key as clients see it. */
  leaveKey(key: string): string {
    return key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : key;
  }

  leave(pairs: readonly (KeyValue | undefined)[]): void {
    for (const pair of pairs) {
      if (pair !== undefined) pair.key = this.leaveKey(pair.key);
    }
  }

  leaveResponses(responses: readonly ResponseOp[]): void {
    for (const { responseRange, responsePut, responseDeleteRange, responseTxn } of responses) {
      this.leave(responseRange?.kvs ?? []);
      this.leave([responsePut?.prevKv]);
      this.leave(responseDeleteRange?.prevKvs ?? []);
      this.leaveResponses(responseTxn?.responses ?? []);
    }
  }

  #enterCompare(condition: Compare): void {
    this.enter(condition);
  }

  #enterOp({ requestRange, requestPut, requestDeleteRange, requestTxn }: RequestOp): void {
    if (requestRange !== undefined) this.enter(requestRange);
    if (requestPut !== undefined) this.enterPut(requestPut);
    if (requestDeleteRange !== undefined) this.enter(requestDeleteRange);
    if (requestTxn !== undefined) this.enterTxn(requestTxn);
  }
}
