import type { Clock } from "../../base/clock.ts";
import { RevisionKeyFields } from "../../core/mvcc/revision_key.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { PairScan } from "./pair_scan.ts";
import { Bucket } from "./schema.ts";
import { StepClock } from "./step_clock.ts";

/**
 * Takes a change as the file has it: bytes[start, end) is a KeyValue, of which a tombstone has only
 * the key. The bytes hold during the call: copy what is kept.
 */
type VisitChange = (
  main: number,
  sub: number,
  tombstone: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void;

/** Walks over the changes in the file, in the order of their revisions, in steps of some ms. */
export class ChangeWalk {
  readonly #scan: PairScan;
  readonly #steps: StepClock;
  readonly #key = new RevisionKeyFields();
  readonly #lastRevision: number;
  /** Of the change before. */
  #main = -1;
  #sub = -1;

  /** Ends behind `lastRevision`. The transaction must stay open until the walk is done. */
  constructor(read: ReadTransaction, clock: Clock, lastRevision = Infinity) {
    this.#lastRevision = lastRevision;
    this.#scan = new PairScan(read, Bucket.KEY);
    this.#steps = new StepClock(clock);
  }

  /** How many bytes of the file were visited so far. */
  get visitedBytes(): number {
    return this.#scan.visitedBytes;
  }

  /** Visits the next changes. Returns whether more remain. Throws a DiskError for damage. */
  step(visit: VisitChange): boolean {
    const scan = this.#scan;
    this.#steps.begin();
    while (scan.next()) {
      this.#readKey();
      const { main, sub, tombstone } = this.#key;
      if (main > this.#lastRevision) return false;
      visit(main, sub, tombstone, scan.bytes, scan.valueStart, scan.valueEnd);
      if (this.#steps.isOver(scan.valueEnd - scan.keyStart)) return true;
    }
    return false;
  }

  /** The error for the change that is being visited. */
  damage(what: string): Error {
    return this.#scan.damage(what);
  }

  #readKey(): void {
    const { bytes, keyStart, valueStart } = this.#scan;
    const key = this.#key;
    if (!key.read(bytes, keyStart, valueStart)) throw this.damage("its key is no revision");
    // The order of keys leaves one way open: a put and a tombstone of the same revision.
    if (key.main === this.#main && key.sub === this.#sub) {
      throw this.damage("the revision is there twice");
    }
    this.#main = key.main;
    this.#sub = key.sub;
  }
}
