import { assert } from "../../base/assert.ts";
import type { BucketCounts } from "../../base/bucket_counts.ts";
import type { Clock } from "../../base/clock.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import { V3_LIMITS } from "./limits.ts";

/** Whose images they are. */
interface ImageOwner {
  readonly backend: {
    /** The B-tree file with all that is applied now, pinned for reading. */
    openSnapshot(): Promise<ReadTransaction>;
    /** How long images were pinned. */
    readonly durations: { readonly snapshots: BucketCounts };
  };
  readonly config: { readonly clock: Clock };
}

/** The images of the B-tree file that clients have read for them at the moment: a few at a time. */
export class PinnedImages {
  readonly #owner: ImageOwner;
  /** When each was opened. */
  readonly #openedMs = new Map<ReadTransaction, number>();
  #openingCount = 0;

  constructor(owner: ImageOwner) {
    this.#owner = owner;
  }

  /** The newest image, to be given back by `close`. Rejects with an EtcdError at the bound. */
  async open(): Promise<ReadTransaction> {
    const count = this.#openedMs.size + this.#openingCount;
    if (count >= V3_LIMITS.pinnedImages) throw ETCD_ERRORS.requestTooManyRequests;
    this.#openingCount++;
    try {
      const image = await this.#owner.backend.openSnapshot();
      this.#openedMs.set(image, this.#owner.config.clock.monotonicMs());
      return image;
    } finally {
      this.#openingCount--;
    }
  }

  close(image: ReadTransaction): void {
    const { backend, config } = this.#owner;
    const openedMs = this.#openedMs.get(image);
    assert(openedMs !== undefined, "an image is closed once, where it was opened");
    this.#openedMs.delete(image);
    image.close();
    backend.durations.snapshots.add((config.clock.monotonicMs() - openedMs) / 1000);
  }
}
