import { assert } from "../../base/assert.ts";
import type { Entry } from "../../pb/raftpb.ts";
import { RAFT_LIMITS } from "./limits.ts";

/**
 * The log as Raft sees it: the entries still held in memory, which of them are durable, which are
 * committed and which have been handed out to be applied. Entries at or below `truncatedIndex`
 * have been dropped from memory because a snapshot (or the applied state) stands for them.
 */
export class RaftLog {
  #entries: Entry[] = [];
  #truncatedIndex: number;
  #truncatedTerm: number;
  /** Up to here entries have been handed to the caller to persist. */
  #offeredIndex: number;
  /** Up to here entries are known to be durable on this member. */
  #persistedIndex: number;
  #committedIndex: number;
  /** Up to here committed entries have been handed to the caller to apply. */
  #deliveredIndex: number;
  #appliedIndex: number;

  /** A log whose state up to and including `index` (of `term`) is held elsewhere. */
  constructor(index: number, term: number) {
    this.#truncatedIndex = index;
    this.#truncatedTerm = term;
    this.#offeredIndex = index;
    this.#persistedIndex = index;
    this.#committedIndex = index;
    this.#deliveredIndex = index;
    this.#appliedIndex = index;
  }

  get firstIndex(): number {
    return this.#truncatedIndex + 1;
  }

  get lastIndex(): number {
    return this.#truncatedIndex + this.#entries.length;
  }

  get committedIndex(): number {
    return this.#committedIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Adds the entries that the WAL held at the start; they are durable already. */
  restore(entries: readonly Entry[]): void {
    for (const entry of entries) this.append(entry);
    this.#offeredIndex = this.lastIndex;
    this.#persistedIndex = this.lastIndex;
  }

  /** The state that the member starts with holds the entries up to this one. */
  startApplied(index: number): void {
    assert(index <= this.#committedIndex, "what is applied was committed");
    if (index <= this.#appliedIndex) return;
    this.#deliveredIndex = index;
    this.#appliedIndex = index;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, "Raft entries follow each other without a gap");
    this.#entries.push(entry);
  }

  /** The term of an entry, or undefined when it is not in memory. */
  termOf(index: number): number | undefined {
    if (index === this.#truncatedIndex) return this.#truncatedTerm;
    return this.#entries[index - this.firstIndex]?.term;
  }

  hasUnoffered(): boolean {
    return this.#offeredIndex < this.lastIndex;
  }

  /** The next entries to be persisted, not too many at once; each is handed out once. */
  takeUnpersisted(): readonly Entry[] {
    let last = this.#offeredIndex;
    for (let sizeBytes = 0; last < this.lastIndex && sizeBytes < RAFT_LIMITS.readyBytes; last++) {
      sizeBytes += this.#entries[last + 1 - this.firstIndex].data?.length ?? 0;
    }
    const entries = this.#slice(this.#offeredIndex + 1, last);
    this.#offeredIndex = last;
    return entries;
  }

  markPersisted(index: number): void {
    assert(index <= this.#offeredIndex, "only entries that were handed out become durable");
    if (index > this.#persistedIndex) this.#persistedIndex = index;
  }

  commitTo(index: number): void {
    assert(index <= this.lastIndex, "a commit index never lies behind the log's end");
    if (index > this.#committedIndex) this.#committedIndex = index;
  }

  hasUndelivered(): boolean {
    return this.#deliveredIndex < this.#committedIndex;
  }

  /** Whether a committed entry between the applied index and the commit index fulfils the test. */
  someUnapplied(test: (entry: Entry) => boolean): boolean {
    for (let index = this.#appliedIndex + 1; index <= this.#committedIndex; index++) {
      if (test(this.#entries[index - this.firstIndex])) return true;
    }
    return false;
  }

  /** The committed entries not yet handed out to be applied; each is handed out once. */
  takeCommitted(): readonly Entry[] {
    const entries = this.#slice(this.#deliveredIndex + 1, this.#committedIndex);
    this.#deliveredIndex = this.#committedIndex;
    return entries;
  }

  markApplied(index: number): void {
    assert(index <= this.#deliveredIndex, "only entries that were handed out are applied");
    if (index > this.#appliedIndex) this.#appliedIndex = index;
  }

  /** Drops the entries up to and including `index` from memory. */
  truncateTo(index: number): void {
    assert(index <= this.#appliedIndex, "only applied entries are dropped from memory");
    if (index <= this.#truncatedIndex) return;
    const term = this.termOf(index);
    assert(term !== undefined, "the entry that becomes the log's base is in memory");
    this.#entries = this.#entries.slice(index - this.#truncatedIndex);
    this.#truncatedIndex = index;
    this.#truncatedTerm = term;
  }

  #slice(from: number, to: number): readonly Entry[] {
    if (from > to) return NO_ENTRIES;
    return this.#entries.slice(from - this.firstIndex, to - this.firstIndex + 1);
  }
}

const NO_ENTRIES: readonly Entry[] = [];
