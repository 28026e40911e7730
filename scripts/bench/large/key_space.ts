import { Buffer } from "node:buffer";
import { Prng } from "../../../src/base/prng.ts";
import { encode } from "../wire.ts";

export const KEY_BYTES = 61;
export const VALUE_BYTES = 256;
export const PUTS_PER_TXN = 100;
/** Keys that share a prefix, and so make one range. */
const NAMESPACE_KEYS = 10_000;

/** The order in which keys are loaded; the first is the default. */
export const KEY_ORDERS = ["sequential", "scattered"] as const;
export type KeyOrder = typeof KEY_ORDERS[number];

const ALL_KEYS = "/registry/configmaps/";
const NAMESPACE_DIGITS = 5;
const NAME_DIGITS = 24;

/** Incompressible bytes that values are cut from. */
const VALUE_POOL = new Prng(20_261_123).bytes(64 * 1024);
/** Steps odd enough that neighbours in time are not neighbours in the pool. */
const VALUE_STEP = 257;
const VERSION_STEP = 31;

/** A prime far above any number of keys shares no divisor with it: each index comes up once. */
const SCATTER_PRIME = 2_147_483_647;

export function isKeyOrder(text: string): text is KeyOrder {
  return KEY_ORDERS.some((order) => order === text);
}

/** The keys and values of the large suite, like names of Kubernetes objects. */
export class KeySpace {
  readonly count: number;
  readonly order: KeyOrder;

  constructor(count: number, order: KeyOrder) {
    if (!Number.isInteger(count / PUTS_PER_TXN)) {
      throw new Error(`--keys takes a multiple of ${PUTS_PER_TXN}, not ${count}`);
    }
    this.count = count;
    this.order = order;
  }

  /** How many keys the first namespace has: all of them in a small run. */
  get namespaceKeys(): number {
    return Math.min(NAMESPACE_KEYS, this.count);
  }

  /** The key at a place in the order of keys. */
  key(index: number): string {
    const name = `object-${String(index).padStart(NAME_DIGITS, "0")}`;
    return namespacePrefix(Math.floor(index / NAMESPACE_KEYS)) + name;
  }

  /** The place of the key that is loaded as the `turn`th. */
  indexOfTurn(turn: number): number {
    if (this.order === "sequential") return turn;
    return Number(BigInt(turn) * BigInt(SCATTER_PRIME) % BigInt(this.count));
  }

  /** The value of a key; each version differs. */
  value(index: number, version: number): Uint8Array {
    const start = (index * VALUE_STEP + version * VERSION_STEP) %
      (VALUE_POOL.length - VALUE_BYTES);
    return VALUE_POOL.subarray(start, start + VALUE_BYTES);
  }
}

/** What the keys of one namespace begin with. */
export function namespacePrefix(namespace: number): string {
  return `${ALL_KEYS}ns-${String(namespace).padStart(NAMESPACE_DIGITS, "0")}/`;
}

/**
 * A request with one or more puts that is written over for the next ones: all keys are of one
 * length and so are the values, so nothing but their bytes changes. The client must not be what
 * a load waits for.
 */
export class PutTemplate {
  readonly message: Uint8Array;
  readonly #bytes: Buffer;
  readonly #keyOffsets: readonly number[];

  private constructor(message: Uint8Array, putCount: number) {
    this.message = message;
    this.#bytes = Buffer.from(message.buffer);
    const opBytes = message.length / putCount;
    // Each put ends with its key, a tag of one byte, a length of two and its value.
    this.#keyOffsets = Array.from({ length: putCount }, (_, i) => {
      return (i + 1) * opBytes - VALUE_BYTES - 3 - KEY_BYTES;
    });
  }

  static put(): PutTemplate {
    return new PutTemplate(emptyPut(), 1);
  }

  static txn(): PutTemplate {
    const requestOp = encode([[2, emptyPut()]]);
    const fields = Array.from({ length: PUTS_PER_TXN }, () => [2, requestOp] as const);
    return new PutTemplate(encode(fields), PUTS_PER_TXN);
  }

  /** Puts key and value in the place of the `i`th put. */
  set(i: number, key: string, value: Uint8Array): void {
    const offset = this.#keyOffsets[i];
    this.#bytes.write(key, offset, KEY_BYTES, "latin1");
    this.#bytes.set(value, offset + KEY_BYTES + 3);
  }
}

function emptyPut(): Uint8Array {
  return encode([[1, new Uint8Array(KEY_BYTES)], [2, new Uint8Array(VALUE_BYTES)]]);
}
