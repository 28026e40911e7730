import type { Store } from "../core/mvcc/store.ts";
import type { DatabaseSize } from "../core/quota/quota.ts";

/** The size of a state that is in memory: what it would take on disk at least. */
export class StoreSize implements DatabaseSize {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get totalBytes(): number {
    return this.#store.sizeInUseBytes;
  }

  get inUseBytes(): number {
    return this.#store.sizeInUseBytes;
  }
}
