import type { Client } from "./client.ts";
import { type BytesLike, prefixEnd, toBytes } from "./kv/keys.ts";
import { concatBytes } from "../../base/bytes.ts";
import { CLIENT_LIMITS } from "./limits.ts";
import type { RangeResult } from "./kv/results.ts";
import type { CallOptions } from "./transport/transport.ts";
import type { Watch, WatchOptions } from "./watch/watch.ts";

/** What is mirrored. */
export interface MirrorOptions {
  /** Only keys that begin with this; the empty prefix, the default, is all keys. */
  readonly prefix?: BytesLike;
  /** The revision to begin with; 0, the default, is the newest when the first page is read. */
  readonly revision?: number;
}

/**
 * A copy of all keys, or of those with a prefix, that follows the original: first everything as it
 * was at one revision, then every change behind it.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * await client.put("users/1", "Ada");
 *
 * const copy = new Map<string, string>();
 * const mirror = client.mirror({ prefix: "users/" });
 * for await (const { kvs } of mirror.base()) {
 *   for (const { key, text } of kvs) copy.set(key, text);
 * }
 * await client.put("users/2", "Grace");
 * for await (const { events } of mirror.updates()) {
 *   for (const { kv } of events) copy.set(kv.key, kv.text);
 *   break;
 * }
 * if (copy.size !== 2) throw new Error("not a copy");
 * ```
 */
export class Mirror {
  readonly #client: Client;
  readonly #prefix: Uint8Array;
  #revision: number;

  /** Use {@linkcode Client.mirror}. */
  constructor(client: Client, options: MirrorOptions) {
    this.#client = client;
    this.#prefix = toBytes(options.prefix ?? "");
    this.#revision = options.revision ?? 0;
  }

  /** The revision of the base; 0 until its first page is read, if none was given. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * All pairs in the order of their keys, in pages of 1000, all of the same revision. Throws
   * OutOfRange when that revision is compacted meanwhile; then one has to begin anew.
   */
  async *base(options: CallOptions = {}): AsyncGenerator<RangeResult, void, void> {
    const rangeEnd = prefixEnd(this.#prefix);
    let key = this.#prefix.length === 0 ? FIRST_KEY : this.#prefix;
    for (;;) {
      const page = await this.#client.range(key, {
        rangeEnd,
        limit: CLIENT_LIMITS.mirrorPageKeys,
        revision: this.#revision,
        ...options,
      });
      if (this.#revision === 0) this.#revision = page.revision;
      yield page;
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return;
      key = concatBytes([last.keyBytes, FIRST_KEY]);
    }
  }

  /**
   * Every change behind the base. Throws a TypeError when no base was read and no revision was
   * given; its loop throws a {@linkcode WatchCompactedError} when what comes next was compacted.
   */
  updates(options: Pick<WatchOptions, "prevKv" | "progressNotify" | "signal"> = {}): Watch {
    if (this.#revision === 0) {
      throw new TypeError(
        "Cannot follow the changes: read base() first, or give a revision to begin with",
      );
    }
    const startRevision = this.#revision + 1;
    return this.#client.watch(this.#prefix, { ...options, prefix: true, startRevision });
  }
}

/** The smallest key there can be; behind a key it makes the next one. */
const FIRST_KEY: Uint8Array = new Uint8Array(1);
