import { bytesFromLatin1 } from "../../src/base/bytes.ts";
import type { Prng } from "../../src/base/prng.ts";
import { allTypes } from "../../src/pb/testing/message_fixtures.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { lengthDelimited } from "./protobuf_bytes.ts";

/** A request that is well-formed, whatever else may be said of it. */
export interface ExtremeRequest {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** As protobufjs has it, for messages of failed tests. */
  readonly fields: Fields;
}

/** A message as protobufjs's `fromObject` takes it; numbers of 64 bits are text. */
type Fields = Record<string, unknown>;

/** What the server holds, so that requests may be about it. */
interface World {
  readonly revision: number;
  readonly compactedRevision: number;
}

const INT64_MAX = "9223372036854775807";
const INT64_MIN = "-9223372036854775808";
const NUMBERS: readonly string[] = [
  ...["0", "0", "0", "1", "-1", "2", "3", "100", "2147483647", "2147483648", "-2147483648"],
  ...["4294967295", "4294967296", "9007199254740991", "9007199254740992", "9007199254740993"],
  ...[INT64_MAX, "9223372036854775806", INT64_MIN, "-9223372036854775807"],
];
const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
const KEYS: readonly string[] = [
  ...["a", "b", "c", "d", "a\0", "aa", "\0", "\0\0", "\xff", "\xff\xff", "\x80", "\xc3\x28"],
  ...[ALL_BYTES, "k".repeat(10_000), ""],
];
const RANGE_ENDS: readonly string[] = [...KEYS, "", "", "", "\0", "\0", "\xff".repeat(10_000)];
const VALUES: readonly string[] = ["", "", "v", ALL_BYTES, "x".repeat(20_000)];

/** Leases that live for ever, which keys may be on. */
const LONG_LEASES: readonly string[] = ["1", "77", "-1", INT64_MAX, INT64_MIN];
const LONG_TTLS: readonly string[] = ["9000000000", "8999999999", "100000"];
const SHORT_TTLS: readonly string[] = ["0", "-1", INT64_MIN, "9000000001", INT64_MAX];

const UNKNOWN_ENUM_VALUES: readonly number[] = [5, -1, 99, 0x7fff_ffff, -0x8000_0000];

/** Around the deepest transactions that are decoded, and far beyond. */
const DEPTHS: readonly number[] = [1, 2, 5, 63, 64, 126, 127, 128, 129, 148, 149, 150, 151, 1_000];

/** Fields of TxnRequest and of RequestOp. */
const SUCCESS_TAG = 0x12;
const FAILURE_TAG = 0x1a;
const REQUEST_TXN_TAG = 0x22;

const reflections = new Map(allTypes().map(({ name, reflection }) => [name, reflection]));

/** Makes requests with every value that somebody may have forgotten. */
export class ExtremeRequests {
  readonly #prng: Prng;
  readonly #world: World;

  readonly #knownEnumsOnly: boolean;

  constructor(prng: Prng, world: World, options: { readonly knownEnumsOnly: boolean }) {
    this.#prng = prng;
    this.#world = world;
    this.#knownEnumsOnly = options.knownEnumsOnly;
  }

  next(): ExtremeRequest {
    const choice = this.#prng.fraction();
    if (choice < 0.2) return encode(KV_SERVICE.range.path, "RangeRequest", this.#range());
    if (choice < 0.4) return encode(KV_SERVICE.put.path, "PutRequest", this.#put());
    if (choice < 0.5) {
      return encode(KV_SERVICE.deleteRange.path, "DeleteRangeRequest", this.#deleteRange());
    }
    if (choice < 0.73) return encode(KV_SERVICE.txn.path, "TxnRequest", this.#txn(2));
    if (choice < 0.75) return this.#deepTxn();
    if (choice < 0.78) {
      return encode(KV_SERVICE.compact.path, "CompactionRequest", this.#compaction());
    }
    if (choice < 0.9) return this.#lease();
    return encode(WATCH_SERVICE.watch.path, "WatchRequest", this.#watch());
  }

  #lease(): ExtremeRequest {
    const { leaseGrant, leaseRevoke, leaseTimeToLive, leaseKeepAlive } = LEASE_SERVICE;
    const id = this.#leaseId();
    switch (this.#prng.between(0, 5)) {
      case 0:
        return encode(leaseRevoke.path, "LeaseRevokeRequest", { ID: id });
      case 1:
        return encode(leaseTimeToLive.path, "LeaseTimeToLiveRequest", { ID: id, keys: true });
      case 2:
        return encode(leaseKeepAlive.path, "LeaseKeepAliveRequest", { ID: id });
      case 3:
        return encode(leaseGrant.path, "LeaseGrantRequest", {
          // One that runs out in the midst of a test must not take keys with it.
          ID: String(this.#prng.between(-0x8000_0000, -1_000)),
          TTL: this.#prng.pick(SHORT_TTLS),
        });
      default:
        return encode(leaseGrant.path, "LeaseGrantRequest", {
          ID: this.#prng.pick(LONG_LEASES),
          TTL: this.#prng.pick(LONG_TTLS),
        });
    }
  }

  #range(): Fields {
    const prng = this.#prng;
    return {
      ...this.#span(),
      limit: prng.chance(0.3) ? this.#number() : "0",
      revision: this.#revision(),
      sort_order: this.#rarely(this.#enum(2), 0),
      sort_target: this.#rarely(this.#enum(4), 0),
      serializable: prng.chance(0.3),
      keys_only: prng.chance(0.2),
      count_only: prng.chance(0.2),
      min_mod_revision: this.#rarely(this.#number(), "0"),
      max_mod_revision: this.#rarely(this.#number(), "0"),
      min_create_revision: this.#rarely(this.#number(), "0"),
      max_create_revision: this.#rarely(this.#number(), "0"),
    };
  }

  #put(): Fields {
    const prng = this.#prng;
    return {
      key: bytesFromLatin1(prng.pick(KEYS)),
      value: bytesFromLatin1(prng.pick(VALUES)),
      lease: this.#rarely(this.#leaseId(), "0"),
      prev_kv: prng.chance(0.3),
      ignore_value: prng.chance(0.1),
      ignore_lease: prng.chance(0.1),
    };
  }

  #deleteRange(): Fields {
    return { ...this.#span(), prev_kv: this.#prng.chance(0.5) };
  }

  #compaction(): Fields {
    return { revision: this.#revision(), physical: this.#prng.chance(0.5) };
  }

  /** Always a new one, since only that is answered. */
  #watch(): Fields {
    const prng = this.#prng;
    const filters = Array.from({ length: prng.between(0, 3) }, () => this.#enum(1));
    return {
      create_request: {
        ...this.#span(),
        start_revision: this.#revision(),
        progress_notify: prng.chance(0.3),
        filters: this.#rarely(filters, []),
        prev_kv: prng.chance(0.3),
        watch_id: this.#rarely(this.#number(), "0"),
        fragment: prng.chance(0.3),
      },
    };
  }

  /** Transactions with nothing in them but one more, up to the last. */
  #deepTxn(): ExtremeRequest {
    const prng = this.#prng;
    const innermost = encode(KV_SERVICE.txn.path, "TxnRequest", this.#txn(0));
    const depth = prng.pick(DEPTHS);
    let bytes = innermost.bytes;
    for (let level = 1; level < depth; level++) {
      const op = lengthDelimited(REQUEST_TXN_TAG, bytes);
      bytes = lengthDelimited(prng.pick([SUCCESS_TAG, FAILURE_TAG]), op);
    }
    return { path: innermost.path, bytes, fields: { depth, innermost: innermost.fields } };
  }

  #txn(depth: number): Fields {
    const prng = this.#prng;
    const compare = Array.from({ length: prng.between(0, 2) }, () => this.#compare());
    const ops = () => Array.from({ length: prng.between(0, 3) }, () => this.#op(depth));
    return { compare, success: ops(), failure: ops() };
  }

  #op(depth: number): Fields {
    const choice = this.#prng.fraction();
    if (choice < 0.3) return { request_put: this.#put() };
    if (choice < 0.6) return { request_range: this.#range() };
    if (choice < 0.75) return { request_delete_range: this.#deleteRange() };
    if (choice < 0.95 && depth > 0) return { request_txn: this.#txn(depth - 1) };
    return {};
  }

  #compare(): Fields {
    const prng = this.#prng;
    const target = prng.pick<Fields>([
      { version: this.#number() },
      { create_revision: this.#revision() },
      { mod_revision: this.#revision() },
      { value: bytesFromLatin1(prng.pick(VALUES)) },
      { lease: this.#leaseId() },
      {},
    ]);
    return { ...target, ...this.#span(), result: this.#enum(3), target: this.#enum(4) };
  }

  #span(): Fields {
    const prng = this.#prng;
    return {
      key: bytesFromLatin1(prng.pick(KEYS)),
      range_end: bytesFromLatin1(prng.chance(0.5) ? "" : prng.pick(RANGE_ENDS)),
    };
  }

  /** Mostly one that is or was there. */
  #revision(): string {
    const prng = this.#prng;
    const { revision, compactedRevision } = this.#world;
    const choice = prng.fraction();
    if (choice < 0.5) return "0";
    if (choice < 0.7) return String(prng.between(compactedRevision - 1, revision + 1));
    return this.#number();
  }

  #leaseId(): string {
    const prng = this.#prng;
    return prng.chance(0.7) ? prng.pick(LONG_LEASES) : prng.pick(NUMBERS);
  }

  #number(): string {
    return this.#prng.pick(NUMBERS);
  }

  #enum(highest: number): number {
    const prng = this.#prng;
    if (this.#knownEnumsOnly || prng.chance(0.7)) return prng.between(0, highest);
    return prng.pick(UNKNOWN_ENUM_VALUES);
  }

  #rarely<T>(value: T, usual: T): T {
    return this.#prng.chance(0.25) ? value : usual;
  }
}

function encode(path: string, typeName: string, fields: Fields): ExtremeRequest {
  const type = reflections.get(`etcdserverpb.${typeName}`);
  if (type === undefined) throw new Error(`there is no ${typeName}`);
  return { path, fields, bytes: type.encode(type.fromObject(fields)).finish() };
}
