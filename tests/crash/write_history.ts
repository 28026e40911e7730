import type { KeyValue } from "../../src/pb/mvccpb.ts";
import { textFromBytes } from "../../src/base/bytes.ts";

/** What the store holds after a restart. */
export interface Observation {
  readonly revision: number;
  /** Every pair but the shared one. */
  readonly pairs: readonly KeyValue[];
  /** How often the key that every write also touches was put. */
  readonly sharedVersion: number;
}

/**
 * Remembers what writers asked for and were promised, and says what a store that went through
 * crashes got wrong. Every write is one transaction that puts a key of its own, whose value is the
 * key, and the key that all share; nothing else writes. So the store's revision, the number of
 * keys and the version of the shared key must always tell the same story.
 */
export class WriteHistory {
  /** The revision promised to each key; 0 while no answer has come. */
  readonly #revisions = new Map<string, number>();
  #highestRevision = 1;

  asked(key: string): void {
    this.#revisions.set(key, 0);
  }

  acknowledged(key: string, revision: number): void {
    this.#revisions.set(key, revision);
    this.#highestRevision = Math.max(this.#highestRevision, revision);
  }

  get acknowledgedCount(): number {
    return [...this.#revisions.values()].filter((revision) => revision > 0).length;
  }

  /** All that is wrong, in words; what is seen once must stay from then on. */
  complaints(seen: Observation): string[] {
    const found = [
      ...this.#losses(seen),
      ...this.#wrongPairs(seen),
      ...this.#wrongTotals(seen),
    ];
    this.#highestRevision = Math.max(this.#highestRevision, seen.revision);
    for (const pair of seen.pairs) this.#revisions.set(pair.key, pair.modRevision);
    return found;
  }

  #losses(seen: Observation): string[] {
    const present = new Set(seen.pairs.map((pair) => pair.key));
    const found: string[] = [];
    for (const [key, revision] of this.#revisions) {
      if (revision > 0 && !present.has(key)) found.push(`lost: ${key} of revision ${revision}`);
    }
    return found;
  }

  #wrongPairs(seen: Observation): string[] {
    const found: string[] = [];
    const keyOfRevision = new Map<number, string>();
    for (const { key, value, version, createRevision, modRevision } of seen.pairs) {
      const promised = this.#revisions.get(key);
      if (promised === undefined) found.push(`invented: ${key}`);
      else if (promised > 0 && promised !== modRevision) {
        found.push(`moved: ${key} from revision ${promised} to ${modRevision}`);
      }
      if (textFromBytes(value) !== key) found.push(`wrong value: ${key}`);
      if (version !== 1 || createRevision !== modRevision) found.push(`written twice: ${key}`);
      const other = keyOfRevision.get(modRevision);
      if (other !== undefined) found.push(`one revision, two writes: ${other} and ${key}`);
      keyOfRevision.set(modRevision, key);
    }
    return found;
  }

  #wrongTotals(seen: Observation): string[] {
    const found: string[] = [];
    if (seen.revision < this.#highestRevision) {
      found.push(`went back: from revision ${this.#highestRevision} to ${seen.revision}`);
    }
    if (seen.pairs.length !== seen.revision - 1) {
      found.push(`${seen.pairs.length} writes, but revision ${seen.revision}`);
    }
    if (seen.sharedVersion !== seen.pairs.length) {
      found.push(`${seen.pairs.length} writes, but the shared key has ${seen.sharedVersion}`);
    }
    return found;
  }
}
