import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import type { Client } from "../../embed/client/client.ts";
import type { KeyValue } from "../../embed/client/kv/key_value.ts";
import { op, type Operation } from "../../embed/client/kv/txn.ts";
import type { WatchEvent } from "../../embed/client/watch/watch.ts";
import { CLI_LIMITS } from "../limits.ts";
import type { ByteText } from "./byte_text.ts";

/** How keys are called at the destination, and how many are changed at once. */
interface MirrorTargetOptions {
  /** With what the keys of the source begin. */
  readonly prefix: ByteText;
  /** What they begin with instead. */
  readonly renamed: ByteText;
  /** Operations in one transaction. */
  readonly maxTxnOps: number;
}

/** The other cluster, which gets the keys. */
export class MirrorTarget {
  readonly #client: Client;
  readonly #options: MirrorTargetOptions;
  #total = 0;

  constructor(client: Client, options: MirrorTargetOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** How many changes have been mirrored. */
  get total(): number {
    return this.#total;
  }

  /** Puts pairs of one revision, in any order. */
  async putAll(pairs: readonly KeyValue[]): Promise<void> {
    const { mirrorPutsAtOnce } = CLI_LIMITS;
    for (let i = 0; i < pairs.length; i += mirrorPutsAtOnce) {
      await Promise.all(
        pairs.slice(i, i + mirrorPutsAtOnce).map(async ({ keyBytes, value }) => {
          await this.#client.put(this.#renamed(keyBytes), value);
          this.#total++;
        }),
      );
    }
  }

  /** Makes the changes of each revision together, as far as a transaction can hold them. */
  async apply(events: readonly WatchEvent[]): Promise<void> {
    let operations: Operation[] = [];
    let revision = 0;
    for (const event of events) {
      const isNext = revision !== 0 && event.kv.modRevision > revision;
      if (isNext || operations.length === this.#options.maxTxnOps) {
        await this.#commit(operations);
        operations = [];
      }
      revision = event.kv.modRevision;
      operations.push(this.#operationOf(event));
    }
    await this.#commit(operations);
  }

  #operationOf({ type, kv }: WatchEvent): Operation {
    const key = this.#renamed(kv.keyBytes);
    return type === "delete" ? op.delete(key) : op.put(key, kv.value);
  }

  async #commit(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    await this.#client.txn().success(...operations).commit();
    this.#total += operations.length;
  }

  #renamed(key: Uint8Array): Uint8Array {
    const { prefix, renamed } = this.#options;
    if (prefix === renamed) return key;
    return bytesFromLatin1(renamed + latin1FromBytes(key).slice(prefix.length));
  }
}
