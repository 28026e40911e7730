import { bytesFromLatin1, textFromBytes } from "../../../base/bytes.ts";
import type { KeyValue as KeyValueMessage } from "../../../pb/mvccpb.ts";
import { keyText } from "./keys.ts";

/** A pair as the store holds it at some revision. */
export class KeyValue {
  readonly #key: string;
  /** The value's bytes. */
  readonly value: Uint8Array;
  /** The revision at which the key was made. */
  readonly createRevision: number;
  /** The revision of the last change. */
  readonly modRevision: number;
  /** How many times the key was put since it was made. */
  readonly version: number;
  /** The lease that the key hangs on; `0n` for none. */
  readonly lease: bigint;

  /** Takes a pair from a response. */
  constructor(message: KeyValueMessage) {
    this.#key = message.key;
    this.value = message.value;
    this.createRevision = message.createRevision;
    this.modRevision = message.modRevision;
    this.version = message.version;
    this.lease = message.lease;
  }

  /** The key as text. */
  get key(): string {
    return keyText(this.#key);
  }

  /** The key's bytes. */
  get keyBytes(): Uint8Array {
    return bytesFromLatin1(this.#key);
  }

  /** The value as text. */
  get text(): string {
    return textFromBytes(this.value);
  }
}
