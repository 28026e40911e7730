import { StoredPairFields } from "../../core/mvcc/stored_pair_fields.ts";
import { KeyFingerprints } from "./key_fingerprints.ts";

/** The value of a key that did not exist at the compacted revision. */
const DELETED = -1;
/** That of one whose change was replaced later is this minus the number of the change. */
const SUPERSEDED = -2;

/**
 * Finds out from a walk over the changes which keys exist at its end. A change without any bytes
 * stands in a restored backup whose revision was raised; etcd takes it for a put of a key without
 * name, which nobody can read or delete, and which is no key here. What was changed above the
 * compacted revision is all there, so that a put tells by its version whether it makes the key; of
 * what is below, any part may be removed already, so that these keys have to be remembered.
 */
export class LiveKeys {
  readonly #compactRevision: number;
  readonly #keyValue = new StoredPairFields();
  /** Those with changes up to the compacted revision, with the number of the last such change. */
  readonly #keys = new KeyFingerprints();
  #compactedChanges = 0;
  #count = 0;
  /** The number of the last change that only raised the revision; etcd compacts all before it. */
  #lastRaise: number | undefined;

  constructor(compactRevision: number) {
    this.#compactRevision = compactRevision;
  }

  /** How many keys exist after the changes that were added. */
  get count(): number {
    return this.#count;
  }

  /** How many of the changes are up to the compacted revision. */
  get compactedChanges(): number {
    return this.#compactedChanges;
  }

  /** Adds the next change of the walk; false if its bytes are damaged. */
  add(
    main: number,
    tombstone: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const isCompacted = main <= this.#compactRevision;
    const number = this.#compactedChanges;
    if (isCompacted) this.#compactedChanges++;
    if (start === end && !tombstone) {
      if (isCompacted) this.#lastRaise = number;
      return true;
    }
    const keyValue = this.#keyValue;
    const isRead = tombstone
      ? keyValue.readKey(bytes, start, end)
      : keyValue.readPut(bytes, start, end, main);
    if (!isRead) return false;
    if (isCompacted) this.#addCompacted(bytes, tombstone ? DELETED : number);
    else this.#addLater(bytes, tombstone);
    return true;
  }

  /**
   * Marks those changes up to the compacted revision, by their number in the walk, that count for
   * HashKV: what still exists or, if nothing does, what existed at the compacted revision. A change
   * has one bit. To be called for each of the FINGERPRINT_SEGMENTS.
   */
  markKept(segment: number, kept: Uint8Array): void {
    const isAllGone = this.#count === 0 && this.#lastRaise === undefined;
    this.#keys.visitSegment(segment, (value) => {
      const number = value <= SUPERSEDED && isAllGone ? SUPERSEDED - value : value;
      if (number >= 0) mark(kept, number);
    });
    if (this.#lastRaise !== undefined) mark(kept, this.#lastRaise);
  }

  #addCompacted(bytes: Uint8Array, value: number): void {
    const { keyStart, keyEnd } = this.#keyValue;
    if (!this.#keys.find(bytes, keyStart, keyEnd)) {
      this.#keys.add(value);
      if (value !== DELETED) this.#count++;
      return;
    }
    if (this.#keys.value !== DELETED) this.#count--;
    if (value !== DELETED) this.#count++;
    this.#keys.value = value;
  }

  #addLater(bytes: Uint8Array, tombstone: boolean): void {
    const { keyStart, keyEnd, version } = this.#keyValue;
    if (tombstone) this.#count--;
    else if (version === 1) this.#count++;
    if (!this.#keys.find(bytes, keyStart, keyEnd)) return;
    const { value } = this.#keys;
    if (value >= 0) this.#keys.value = SUPERSEDED - value;
  }
}

function mark(bits: Uint8Array, index: number): void {
  bits[index >>> 3] |= 1 << (index & 7);
}
