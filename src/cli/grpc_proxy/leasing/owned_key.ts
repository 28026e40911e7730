import type { PutRequest } from "../../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../../pb/mvccpb.ts";
import type { CacheBudget } from "./cache_budget.ts";
import { LEASING_LIMITS } from "./limits.ts";

/** A pair that is known, or known to be missing. */
export interface KnownPair {
  readonly pair: KeyValue | undefined;
}

/** Who has read a pair, and when it was asked for. */
export interface PairReader {
  readonly callerKey: string;
  readonly nowMs: number;
}

/** What one write has made of a key. */
export interface PairChange {
  /** The revision of the write. */
  readonly revision: number;
  /** Undefined: deleted. */
  readonly put: PutRequest | undefined;
}

/** Memory around a pair: the objects that hold it. */
const PAIR_OVERHEAD_BYTES = 300;

/** Something that reads and writes at the same time can never be told apart from. */
const NO_MARK = -1;

/**
 * A key that this proxy owns, and what is known of its pair. Nobody else changes the pair, so what is
 * known stays true until a write of this proxy is on its way. What writes have done is taken in when
 * none of them is on its way any more, in the order of their revisions, because their answers may come
 * in another one.
 *
 * A pair on a lease of a client is never known: it goes with the lease, of which nobody tells.
 */
export class OwnedKey {
  readonly key: string;
  /** The revision that made this proxy the owner. */
  readonly createRevision: number;
  lastReadMs: number;
  readonly #budget: CacheBudget;
  /** Until when callers may be told what is known, without asking whether they still may. */
  readonly #readers = new Map<string, number>();
  #known: KnownPair | undefined;
  #sizeBytes = 0;
  /** The revision up to which all writes are taken in. */
  #revision = 0;
  #writesInFlight = 0;
  #writesBegun = 0;
  #changes: PairChange[] = [];
  #idle = Promise.withResolvers<void>();
  #isDropped = false;

  constructor(key: string, createRevision: number, nowMs: number, budget: CacheBudget) {
    this.key = key;
    this.createRevision = createRevision;
    this.lastReadMs = nowMs;
    this.#budget = budget;
  }

  /** Whether a write is on its way. */
  get isBeingWritten(): boolean {
    return this.#writesInFlight > 0;
  }

  /** Names the moment at which a read begins, for `learn`. */
  get mark(): number {
    return this.isBeingWritten ? NO_MARK : this.#writesBegun;
  }

  /** Resolves when no write is on its way, for the first time from now on, or the key is dropped. */
  untilIdle(): Promise<void> {
    return this.isBeingWritten ? this.#idle.promise : Promise.resolve();
  }

  /** The pair, if it is known and the servers have let this caller read it lately. */
  knownTo(callerKey: string, nowMs: number): KnownPair | undefined {
    if (this.isBeingWritten || nowMs >= (this.#readers.get(callerKey) ?? 0)) return undefined;
    return this.#known;
  }

  /** The servers have just answered a read of this caller that began at `mark`. */
  learn(mark: number, reader: PairReader, pair: KeyValue | undefined, revision: number): void {
    if (this.#isDropped || mark === NO_MARK || mark !== this.#writesBegun) return;
    this.#readers.delete(reader.callerKey);
    this.#readers.set(reader.callerKey, reader.nowMs + LEASING_LIMITS.permissionMs);
    for (const oldest of this.#readers.keys()) {
      if (this.#readers.size <= LEASING_LIMITS.readersPerKey) break;
      this.#readers.delete(oldest);
    }
    this.#know({ pair }, revision);
  }

  writeBegins(): void {
    this.#writesInFlight++;
    this.#writesBegun++;
  }

  /** A write is over that has done this; nothing, if it was refused. */
  writeEnds(changes: readonly PairChange[]): void {
    this.#changes.push(...changes);
    if (--this.#writesInFlight > 0) return;
    this.#takeIn();
    this.#becomeIdle();
  }

  /** This proxy owns the key no longer. */
  drop(): void {
    this.#isDropped = true;
    this.#forget();
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  #takeIn(): void {
    const changes = this.#changes.sort((a, b) => a.revision - b.revision);
    this.#changes = [];
    if (this.#isDropped) return;
    for (const change of changes) {
      if (change.revision > this.#revision) this.#know(after(this.#known, change), change.revision);
    }
  }

  #know(known: KnownPair | undefined, revision: number): void {
    this.#forget();
    this.#revision = revision;
    if (known === undefined || (known.pair?.lease ?? 0n) !== 0n) return;
    const sizeBytes = PAIR_OVERHEAD_BYTES + this.key.length + (known.pair?.value.length ?? 0);
    if (!this.#budget.take(sizeBytes)) return;
    this.#sizeBytes = sizeBytes;
    this.#known = known;
  }

  #forget(): void {
    this.#budget.give(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#known = undefined;
  }
}

/** What is known of a pair after a change of what was known before. */
function after(known: KnownPair | undefined, { put, revision }: PairChange): KnownPair | undefined {
  if (put === undefined) return { pair: undefined };
  // How often the key was put since its creation can be known only by who knew it before.
  if (known === undefined) return undefined;
  const { pair } = known;
  if (pair === undefined && (put.ignoreValue || put.ignoreLease)) return undefined;
  return {
    pair: {
      key: put.key,
      createRevision: pair?.createRevision ?? revision,
      modRevision: revision,
      version: (pair?.version ?? 0) + 1,
      // The bytes of the request hold more than the value.
      value: put.ignoreValue && pair !== undefined ? pair.value : put.value.slice(),
      lease: put.ignoreLease && pair !== undefined ? pair.lease : put.lease,
    },
  };
}
