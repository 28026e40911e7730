import type { Clock } from "../../base/clock.ts";
import type { ReadTransaction } from "../btree/read_transaction.ts";
import { PairScan } from "./pair_scan.ts";
import { StepClock } from "./step_clock.ts";

/** Takes everything that is in a file. */
interface BackendVisitor {
  bucket(name: string): void;
  /** The pair is the one at which the scan stands. */
  pair(bucket: string, scan: PairScan): void;
}

/** Visits all buckets with their pairs, in the order of the file, in steps of some ms. */
export class BackendScan {
  readonly #read: ReadTransaction;
  readonly #steps: StepClock;
  readonly #visitor: BackendVisitor;
  /** The buckets to come, the next one last. */
  readonly #names: string[];
  #name = "";
  #scan: PairScan | undefined;
  /** In the buckets that are done. */
  #visitedBytes = 0;

  /** The transaction must stay open until the scan is done. */
  constructor(read: ReadTransaction, clock: Clock, visitor: BackendVisitor) {
    this.#read = read;
    this.#steps = new StepClock(clock);
    this.#visitor = visitor;
    this.#names = read.bucketNames().reverse();
  }

  /** How many bytes of the file were visited so far. */
  get visitedBytes(): number {
    return this.#visitedBytes + (this.#scan?.visitedBytes ?? 0);
  }

  /** Visits what comes next. Returns whether more remains. Throws a DiskError for damage. */
  step(): boolean {
    this.#steps.begin();
    for (let scan = this.#bucketScan(); scan !== undefined; scan = this.#bucketScan()) {
      while (scan.next()) {
        this.#visitor.pair(this.#name, scan);
        if (this.#steps.isOver(scan.valueEnd - scan.keyStart)) return true;
      }
      this.#visitedBytes += scan.visitedBytes;
      this.#scan = undefined;
    }
    return false;
  }

  /** Of the bucket that is being visited, or of the next one. */
  #bucketScan(): PairScan | undefined {
    if (this.#scan !== undefined) return this.#scan;
    const name = this.#names.pop();
    if (name === undefined) return undefined;
    this.#name = name;
    this.#visitor.bucket(name);
    this.#scan = new PairScan(this.#read, name);
    return this.#scan;
  }
}
