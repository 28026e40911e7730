import { contains } from "../key_interval.ts";
import type { KeyChange } from "./key_changes.ts";
import type { OwnedKey } from "./owned_key.ts";

/** A write on its way, as the keys see it that this proxy owns. It must be settled or abandoned once. */
export class WriteClaim {
  readonly #owned: ReadonlyMap<string, OwnedKey>;
  readonly #letGo: (owned: OwnedKey) => void;

  constructor(owned: readonly OwnedKey[], letGo: (owned: OwnedKey) => void) {
    this.#owned = new Map(owned.map((one) => [one.key, one]));
    this.#letGo = letGo;
    for (const one of owned) one.writeBegins();
  }

  /** The revision at which a key became this proxy's; 0: it is not. */
  createRevisionOf(key: string): number {
    return this.#owned.get(key)?.createRevision ?? 0;
  }

  /** The write is over and has changed this at a revision. */
  settle(changes: readonly KeyChange[], revision: number): void {
    for (const owned of this.#owned.values()) {
      const own = changes.filter(({ interval }) => contains(interval, owned.key));
      owned.writeEnds(own.map(({ put }) => ({ put, revision })));
    }
  }

  /**
   * Nobody knows whether the write will take place. Its guard holds for this ownership alone, so
   * giving it back makes sure that the write cannot take place behind what is read from then on.
   */
  abandon(): void {
    for (const owned of this.#owned.values()) {
      this.#letGo(owned);
      owned.writeEnds([]);
    }
  }
}
