import { Prng } from "../../src/base/prng.ts";
import {
  Compare,
  CompareTarget,
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import type { LeaseTimeToLiveResponse } from "../../src/pb/etcdserverpb.ts";
import { bytesFromText } from "../../src/base/bytes.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../src/pb/services.ts";
import { deleteOp, putOp, rangeOp, txnOp } from "../harness/kv_calls.ts";
import { type Question, question } from "./question.ts";

/** One request of a random history. */
export type Operation =
  | { readonly kind: "put"; readonly fields: Partial<PutRequest> }
  | { readonly kind: "range"; readonly fields: Partial<RangeRequest> }
  | { readonly kind: "deleteRange"; readonly fields: Partial<DeleteRangeRequest> }
  | { readonly kind: "txn"; readonly fields: Partial<TxnRequest> }
  | { readonly kind: "compact"; readonly fields: { revision: number; physical: boolean } }
  | { readonly kind: "leaseGrant"; readonly fields: { id: bigint; ttl: number } }
  | { readonly kind: "leaseRevoke"; readonly fields: { id: bigint } }
  | { readonly kind: "leaseTimeToLive"; readonly fields: { id: bigint; keys: boolean } };

/** What a history is made for. */
interface OperationOptions {
  /** Below it, there are only versions of earlier histories. */
  readonly firstRevision?: number;
  /** Those below it are compacted. */
  readonly oldestRevision?: number;
  /** Compactions are over when they are answered. */
  readonly physicalCompactions?: boolean;
  /** Now and then a value of up to 100 KB, so that a history outgrows a small memory. */
  readonly largeValues?: boolean;
}

/** The request as the servers get it, and what of the answer must be equal. */
export function questionOf(operation: Operation): Question {
  const { kind, fields } = operation;
  if (kind === "put") return question(KV_SERVICE.put, fields);
  if (kind === "range") return question(KV_SERVICE.range, fields);
  if (kind === "deleteRange") return question(KV_SERVICE.deleteRange, fields);
  if (kind === "txn") return question(KV_SERVICE.txn, fields);
  if (kind === "compact") return question(KV_SERVICE.compact, fields);
  if (kind === "leaseGrant") return question(LEASE_SERVICE.leaseGrant, fields);
  if (kind === "leaseRevoke") return question(LEASE_SERVICE.leaseRevoke, fields);
  return question(LEASE_SERVICE.leaseTimeToLive, fields, withoutTime);
}

/** Seconds left depend on the time of day, and etcd lists the keys in the order of a Go map. */
function withoutTime(response: LeaseTimeToLiveResponse): unknown {
  return { ...response, ttl: Math.min(response.ttl, 1), keys: response.keys.toSorted() };
}

/** Few keys, so that operations meet. */
const KEY_NAMES: readonly string[] = ["a", "b", "ba", "bb", "c", "c\x00", "d\xff", "e", "f"];
const RANGE_ENDS: readonly string[] = ["", "", "b", "c", "e", "\x00", "a"];
export const LEASE_IDS: readonly bigint[] = [101n, 102n, 103n];
const LEASE_TTL_SECONDS = 1_000;
/** A nested transaction may hold another, but not for ever. */
const MAX_NESTING = 2;
const LARGE_VALUE_CHANCE = 0.5;
const LARGE_VALUE_BYTES: readonly number[] = [1_000, 10_000, 40_000, 100_000];
/** Puts whose values a comparison may ask for; the older ones mostly hold no longer. */
const MAX_RECENT_PUTS = 6;

/**
 * Makes up requests of every kind, good and bad. It knows nothing of the server but the revision
 * it was told, so the same seed asks the same of every server that answers alike.
 */
export class OperationMaker {
  readonly #prng: Prng;
  readonly #firstRevision: number;
  readonly #oldestRevision: number;
  readonly #physicalCompactions: boolean;
  readonly #largeValues: boolean;
  /** Without it, only earlier histories are compacted, so that several are there at a time. */
  readonly #compactsItself: boolean;
  readonly #recentPuts: { key: string; value: string }[] = [];
  #counter = 0;

  constructor(seed: number, options: OperationOptions = {}) {
    this.#prng = new Prng(seed);
    this.#firstRevision = options.firstRevision ?? 0;
    this.#oldestRevision = options.oldestRevision ?? 0;
    this.#physicalCompactions = options.physicalCompactions ?? false;
    this.#largeValues = options.largeValues ?? false;
    this.#compactsItself = this.#firstRevision === 0 || this.#prng.chance(0.4);
  }

  next(revision: number): Operation {
    const dice = this.#prng.between(1, 100);
    if (dice <= 35) return { kind: "put", fields: this.#put() };
    if (dice <= 58) return { kind: "range", fields: this.#range(revision) };
    if (dice <= 68) return { kind: "deleteRange", fields: this.#deleteRange() };
    if (dice <= 88) return { kind: "txn", fields: this.#txn(revision, 0) };
    if (dice <= 91) return this.#compact(revision);
    if (dice <= 95) return this.#leaseGrant();
    if (dice <= 97) return { kind: "leaseRevoke", fields: { id: this.#prng.pick(LEASE_IDS) } };
    return { kind: "leaseTimeToLive", fields: { id: this.#prng.pick(LEASE_IDS), keys: true } };
  }

  #key(): string {
    // Now and then one that is not allowed.
    return this.#prng.chance(0.01) ? "" : this.#prng.pick(KEY_NAMES);
  }

  #rangeEnd(): string {
    return this.#prng.pick(RANGE_ENDS);
  }

  #newValue(): string {
    const isLarge = this.#largeValues && this.#prng.chance(LARGE_VALUE_CHANCE);
    return isLarge ? this.#largeValue() : this.#smallValue();
  }

  /** No two parts of it are alike, so that a piece from the wrong place is noticed. */
  #largeValue(): string {
    const length = this.#prng.between(1, this.#prng.pick(LARGE_VALUE_BYTES));
    const start = this.#prng.between(1, 1_000_000);
    const numbers = Array.from({ length: Math.ceil(length / 4) }, (_, i) => start + i);
    return numbers.join().slice(0, length);
  }

  #smallValue(): string {
    return `${this.#prng.pick(["x", "y", ""])}${this.#prng.chance(0.5) ? ++this.#counter : ""}`;
  }

  /** A condition on a value is mostly on one that the key may have. */
  #compareValue(compare: Compare): void {
    const prng = this.#prng;
    if (this.#recentPuts.length === 0 || prng.chance(0.2)) {
      compare.value = bytesFromText(this.#smallValue());
      return;
    }
    const { key, value } = prng.pick(this.#recentPuts);
    const isChanged = prng.chance(0.5);
    // Alike up to the last character.
    const compared = isChanged ? value.slice(0, -1) + prng.pick(["", "~", "~~"]) : value;
    compare.key = key;
    compare.value = bytesFromText(compared);
  }

  /** From one that is gone to one that is not there yet. */
  #someRevision(revision: number): number {
    return this.#prng.between(this.#firstRevision - 1, revision + 1);
  }

  #put(): Partial<PutRequest> {
    const prng = this.#prng;
    const ignoreValue = prng.chance(0.05);
    const ignoreLease = prng.chance(0.05);
    const hasLease = prng.chance(0.2) && !ignoreLease;
    const key = this.#key();
    const value = ignoreValue && prng.chance(0.9) ? "" : this.#newValue();
    if (!ignoreValue) this.#recentPuts.push({ key, value });
    if (this.#recentPuts.length > MAX_RECENT_PUTS) this.#recentPuts.shift();
    return {
      key,
      value: bytesFromText(value),
      lease: hasLease ? prng.pick(LEASE_IDS) : 0n,
      prevKv: prng.chance(0.3),
      ignoreValue,
      ignoreLease,
    };
  }

  #range(revision: number): Partial<RangeRequest> {
    const prng = this.#prng;
    const bound = (): number => prng.chance(0.1) ? this.#someRevision(revision) : 0;
    return {
      key: this.#key(),
      rangeEnd: this.#rangeEnd(),
      limit: prng.chance(0.3) ? prng.between(1, 5) : 0,
      revision: prng.chance(0.3) ? this.#someRevision(revision) : 0,
      sortOrder: prng.chance(0.3) ? prng.between(0, 2) : 0,
      sortTarget: prng.chance(0.3) ? prng.between(0, 4) : 0,
      serializable: prng.chance(0.2),
      keysOnly: prng.chance(0.1),
      countOnly: prng.chance(0.1),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    };
  }

  #deleteRange(): Partial<DeleteRangeRequest> {
    const rangeEnd = this.#prng.chance(0.4) ? this.#rangeEnd() : "";
    return { key: this.#key(), rangeEnd, prevKv: this.#prng.chance(0.5) };
  }

  /**
   * etcd does not see that a delete without an upper end meets a put of the same transaction, and
   * crashes when the put ignores the value or the lease of the key that is gone by then.
   */
  #boundedDeleteRange(): Partial<DeleteRangeRequest> {
    const fields = this.#deleteRange();
    return fields.rangeEnd === "\x00" ? { ...fields, rangeEnd: "z" } : fields;
  }

  #txn(revision: number, nesting: number): Partial<TxnRequest> {
    const prng = this.#prng;
    const ops = (): RequestOp[] =>
      Array.from({ length: prng.between(0, 3) }, () => this.#op(revision, nesting));
    const compare = Array.from({ length: prng.between(0, 2) }, () => this.#compare(revision));
    return { compare, success: ops(), failure: ops() };
  }

  #op(revision: number, nesting: number): RequestOp {
    const dice = this.#prng.between(1, 10);
    if (dice <= 4) return putOp("", "", this.#put());
    if (dice <= 6) return rangeOp("", this.#range(revision));
    if (dice <= 8 || nesting === MAX_NESTING) return deleteOp("", this.#boundedDeleteRange());
    return txnOp(this.#txn(revision, nesting + 1));
  }

  #compare(revision: number): Compare {
    const prng = this.#prng;
    const target = prng.between(0, 4);
    const number = prng.chance(0.5) ? prng.between(0, 3) : this.#someRevision(revision);
    const compare = Compare.create({ key: this.#key(), result: prng.between(0, 3), target });
    if (prng.chance(0.2)) compare.rangeEnd = this.#rangeEnd();
    if (target === CompareTarget.VERSION) compare.version = number;
    else if (target === CompareTarget.CREATE) compare.createRevision = number;
    else if (target === CompareTarget.MOD) compare.modRevision = number;
    else if (target === CompareTarget.VALUE) this.#compareValue(compare);
    else compare.lease = prng.chance(0.5) ? 0n : prng.pick(LEASE_IDS);
    return compare;
  }

  #compact(revision: number): Operation {
    const newest = this.#compactsItself ? revision + 1 : this.#firstRevision;
    const compacted = Math.max(0, this.#prng.between(this.#oldestRevision, newest));
    const physical = this.#prng.chance(0.5) || this.#physicalCompactions;
    return { kind: "compact", fields: { revision: compacted, physical } };
  }

  #leaseGrant(): Operation {
    const id = this.#prng.pick(LEASE_IDS);
    return { kind: "leaseGrant", fields: { id, ttl: LEASE_TTL_SECONDS } };
  }
}
