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
import { bytesFromText } from "../../src/base/bytes.ts";
import { deleteOp, putOp, rangeOp, txnOp } from "../harness/kv_calls.ts";

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

/** Few keys, so that operations meet. */
const KEY_NAMES: readonly string[] = ["a", "b", "ba", "bb", "c", "c\x00", "d\xff", "e", "f"];
const RANGE_ENDS: readonly string[] = ["", "", "b", "c", "e", "\x00", "a"];
const LEASE_IDS: readonly bigint[] = [101n, 102n, 103n];
const LEASE_TTL_SECONDS = 1_000;
/** A nested transaction may hold another, but not for ever. */
const MAX_NESTING = 2;

/**
 * Makes up requests of every kind, good and bad. It knows nothing of the server but the revision
 * it was told, so the same seed asks the same of every server that answers alike.
 */
export class OperationMaker {
  readonly #prng: Prng;
  #counter = 0;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
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

  #value(): string {
    return `${this.#prng.pick(["x", "y", ""])}${this.#prng.chance(0.5) ? ++this.#counter : ""}`;
  }

  #put(): Partial<PutRequest> {
    const prng = this.#prng;
    const ignoreValue = prng.chance(0.05);
    const ignoreLease = prng.chance(0.05);
    const hasLease = prng.chance(0.2) && !ignoreLease;
    return {
      key: this.#key(),
      value: bytesFromText(ignoreValue && prng.chance(0.9) ? "" : this.#value()),
      lease: hasLease ? prng.pick(LEASE_IDS) : 0n,
      prevKv: prng.chance(0.3),
      ignoreValue,
      ignoreLease,
    };
  }

  #range(revision: number): Partial<RangeRequest> {
    const prng = this.#prng;
    const bound = (): number => prng.chance(0.1) ? prng.between(1, revision + 1) : 0;
    return {
      key: this.#key(),
      rangeEnd: this.#rangeEnd(),
      limit: prng.chance(0.3) ? prng.between(1, 5) : 0,
      revision: prng.chance(0.3) ? prng.between(-1, revision + 1) : 0,
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
    const number = prng.chance(0.5) ? prng.between(0, 3) : prng.between(0, revision);
    const compare = Compare.create({ key: this.#key(), result: prng.between(0, 3), target });
    if (prng.chance(0.2)) compare.rangeEnd = this.#rangeEnd();
    if (target === CompareTarget.VERSION) compare.version = number;
    else if (target === CompareTarget.CREATE) compare.createRevision = number;
    else if (target === CompareTarget.MOD) compare.modRevision = number;
    else if (target === CompareTarget.VALUE) compare.value = bytesFromText(this.#value());
    else compare.lease = prng.chance(0.5) ? 0n : prng.pick(LEASE_IDS);
    return compare;
  }

  #compact(revision: number): Operation {
    const distance = this.#prng.chance(0.9) ? this.#prng.between(0, 20) : -1;
    return {
      kind: "compact",
      fields: { revision: Math.max(0, revision - distance), physical: true },
    };
  }

  #leaseGrant(): Operation {
    const id = this.#prng.pick(LEASE_IDS);
    return { kind: "leaseGrant", fields: { id, ttl: LEASE_TTL_SECONDS } };
  }
}
