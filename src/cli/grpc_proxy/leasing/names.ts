import { type KeyInterval, prefixEndOf } from "../key_interval.ts";

/**
 * What the keys are called in which the servers keep who owns a key: the leasing prefix, and behind it
 * the key as clients know it. All stand in the namespace of the proxy, as in etcd.
 */
export class LeasingNames {
  /** All leasing keys. */
  readonly all: KeyInterval;
  readonly #namespace: string;
  readonly #namespaceEnd: string;
  readonly #prefix: string;

  constructor(namespace: string, leasingPrefix: string) {
    this.#namespace = namespace;
    this.#namespaceEnd = prefixEndOf(namespace);
    this.#prefix = namespace + leasingPrefix;
    this.all = { key: this.#prefix, rangeEnd: prefixEndOf(this.#prefix) };
  }

  /** The leasing key of a key of the servers. */
  leasingKeyOf(key: string): string {
    return this.#prefix + key.slice(this.#namespace.length);
  }

  /** The key of the servers that a leasing key is about. */
  keyOf(leasingKey: string): string {
    return this.#namespace + leasingKey.slice(this.#prefix.length);
  }

  /** The leasing keys of an interval of keys. */
  leasingIntervalOf({ key, rangeEnd }: KeyInterval): KeyInterval {
    return { key: this.leasingKeyOf(key), rangeEnd: this.#leasingEndOf(rangeEnd) };
  }

  #leasingEndOf(rangeEnd: string): string {
    if (rangeEnd === "") return "";
    return rangeEnd === this.#namespaceEnd ? this.all.rangeEnd : this.leasingKeyOf(rangeEnd);
  }
}
