import type { Clock } from "../../../base/clock.ts";
import { contains, type KeyInterval } from "../key_interval.ts";
import { Acquisition } from "./acquisition.ts";
import { CacheBudget } from "./cache_budget.ts";
import type { WriteTargets } from "./key_changes.ts";
import { LEASING_LIMITS } from "./limits.ts";
import { OwnedKey } from "./owned_key.ts";
import { WriteClaim } from "./write_claim.ts";

/** One change of a leasing key, as a watch tells it. */
export interface LeasingEvent {
  readonly key: string;
  readonly revision: number;
  readonly kind: "acquired" | "revoked" | "gone";
}

/**
 * The keys that this proxy owns or is about to own. Ownership is named by the revision that made it:
 * the watch may tell late of one that is over, and such news must not touch the next one.
 */
export class OwnedKeys {
  readonly #clock: Clock;
  /** Lets the servers forget that this proxy owns a key, with ownerships up to this revision. */
  readonly #release: (key: string, revision: number) => void;
  readonly #budget = new CacheBudget(LEASING_LIMITS.cachedBytes);
  /** Those that were not read for the longest time first. */
  readonly #owned = new Map<string, OwnedKey>();
  readonly #acquisitions = new Map<string, Acquisition>();
  /** Until when keys are not to be acquired; the earliest first. */
  readonly #backoffs = new Map<string, number>();
  /** How many writes to each key are on their way, whoever owns it. */
  readonly #writes = new Map<string, number>();
  readonly #intervalWrites = new Set<KeyInterval>();

  constructor(clock: Clock, release: (key: string, revision: number) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#owned.size;
  }

  get cachedBytes(): number {
    return this.#budget.takenBytes;
  }

  get(key: string): OwnedKey | undefined {
    return this.#owned.get(key);
  }

  /** The same for somebody who reads it. */
  read(key: string): OwnedKey | undefined {
    const owned = this.#owned.get(key);
    if (owned === undefined) return undefined;
    owned.lastReadMs = this.#clock.monotonicMs();
    this.#owned.delete(key);
    this.#owned.set(key, owned);
    return owned;
  }

  /** Resolves when what is under way with a key is over: an acquisition, or writes. */
  async untilSettled(key: string): Promise<void> {
    await this.#acquisitions.get(key)?.over;
    await this.#owned.get(key)?.untilIdle();
  }

  /** Resolves when what is being acquired of these keys is owned or not. */
  async untilAcquired(targets: WriteTargets): Promise<void> {
    for (const { key, over } of [...this.#acquisitions.values()]) {
      if (includes(targets, key)) await over;
    }
  }

  /** Whether it makes sense to acquire a key now; may let go of one that nobody reads. */
  mayAcquire(key: string): boolean {
    if (this.#owned.has(key) || this.#acquisitions.has(key) || this.#writes.has(key)) return false;
    for (const interval of this.#intervalWrites) if (contains(interval, key)) return false;
    const nowMs = this.#clock.monotonicMs();
    return (this.#backoffs.get(key) ?? 0) <= nowMs && this.#makeRoom(nowMs);
  }

  beginAcquisition(key: string): Acquisition {
    const acquisition = new Acquisition(key);
    this.#acquisitions.set(key, acquisition);
    return acquisition;
  }

  /** The servers have given the key to this proxy; undefined: and taken it away again since. */
  acquired(acquisition: Acquisition, createRevision: number): OwnedKey | undefined {
    const { key } = acquisition;
    const isCurrent = this.#endAcquisition(acquisition);
    if (!isCurrent || !acquisition.holds(createRevision)) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const owned = new OwnedKey(key, createRevision, nowMs, this.#budget);
    this.#owned.set(key, owned);
    return owned;
  }

  /** Somebody else owns the key, or it is not known whether this proxy does. */
  notAcquired(acquisition: Acquisition): void {
    if (!this.#endAcquisition(acquisition)) return;
    this.#backOff(acquisition.key);
    if (acquisition.wonRevision > 0) this.#release(acquisition.key, acquisition.wonRevision);
  }

  /** Keeps these keys from being acquired until `endWrite`. */
  beginWrite(targets: WriteTargets): void {
    for (const key of targets.keys) this.#writes.set(key, (this.#writes.get(key) ?? 0) + 1);
    for (const interval of targets.intervals) this.#intervalWrites.add(interval);
  }

  endWrite(targets: WriteTargets): void {
    for (const key of targets.keys) {
      const count = (this.#writes.get(key) ?? 0) - 1;
      if (count > 0) this.#writes.set(key, count);
      else this.#writes.delete(key);
    }
    for (const interval of targets.intervals) this.#intervalWrites.delete(interval);
  }

  /** Notes a write to the keys that are owned, which is sent right behind this. */
  claim(targets: WriteTargets): WriteClaim {
    const claimed: OwnedKey[] = [];
    for (const key of targets.keys) {
      const owned = this.#owned.get(key);
      if (owned !== undefined) claimed.push(owned);
    }
    if (targets.intervals.length > 0) {
      for (const owned of this.#owned.values()) {
        if (!targets.keys.has(owned.key) && includes(targets, owned.key)) claimed.push(owned);
      }
    }
    return new WriteClaim(claimed, (owned) => this.letGo(owned));
  }

  /** Gives an ownership back to the servers. */
  letGo(owned: OwnedKey): void {
    if (this.#drop(owned)) this.#release(owned.key, owned.createRevision);
  }

  /** Forgets ownerships that the servers have forgotten. */
  dropWhere(isGone: (key: string) => boolean): void {
    for (const owned of [...this.#owned.values()]) if (isGone(owned.key)) this.#drop(owned);
  }

  /** A leasing key of this proxy has changed. */
  heard({ key, revision, kind }: LeasingEvent): void {
    const acquisition = this.#acquisitions.get(key);
    const owned = this.#owned.get(key);
    if (owned !== undefined && revision <= owned.createRevision) return;
    if (kind === "acquired") {
      acquisition?.noteWon(revision);
      // An answer that was lost: nobody here knows what to do with the key.
      if (acquisition === undefined && owned === undefined) this.#release(key, revision);
      return;
    }
    acquisition?.noteLost(revision);
    if (owned !== undefined) this.#drop(owned);
    if (kind === "revoked") this.#release(key, revision);
  }

  /** The session is over: all that it owned is anybody's. */
  clear(): void {
    for (const owned of this.#owned.values()) owned.drop();
    for (const acquisition of this.#acquisitions.values()) acquisition.end();
    this.#owned.clear();
    this.#acquisitions.clear();
    this.#backoffs.clear();
  }

  /** Whether the session in which it began still lasts. */
  #endAcquisition(acquisition: Acquisition): boolean {
    acquisition.end();
    if (this.#acquisitions.get(acquisition.key) !== acquisition) return false;
    this.#acquisitions.delete(acquisition.key);
    return true;
  }

  #drop(owned: OwnedKey): boolean {
    if (this.#owned.get(owned.key) !== owned) return false;
    this.#owned.delete(owned.key);
    owned.drop();
    this.#backOff(owned.key);
    return true;
  }

  #backOff(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [oldKey, untilMs] of this.#backoffs) {
      if (untilMs > nowMs) break;
      this.#backoffs.delete(oldKey);
    }
    this.#backoffs.delete(key);
    this.#backoffs.set(key, nowMs + LEASING_LIMITS.backoffMs);
  }

  #makeRoom(nowMs: number): boolean {
    const isFull = this.#budget.isFull ||
      this.#owned.size + this.#acquisitions.size >= LEASING_LIMITS.ownedKeys;
    if (!isFull) return true;
    const [oldest] = this.#owned.values();
    if (oldest === undefined || oldest.lastReadMs + LEASING_LIMITS.idleMs > nowMs) return false;
    this.letGo(oldest);
    return true;
  }
}

function includes({ keys, intervals }: WriteTargets, key: string): boolean {
  return keys.has(key) || intervals.some((interval) => contains(interval, key));
}
