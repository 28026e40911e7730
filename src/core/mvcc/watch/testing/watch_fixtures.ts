import { assert } from "../../../../base/assert.ts";
import { bytesEqual } from "../../../../base/bytes.ts";
import { type Event, EventType, KeyValue } from "../../../../pb/mvccpb.ts";
import { WatchResponse } from "../../../../pb/etcdserverpb.ts";
import type { Change, ChangeLog, KeyValueRef } from "../../change.ts";
import type { EncodedEvents } from "../watch_event.ts";
import type { WatchSink, WatchTarget } from "../watch_stream.ts";

/** One thing that a transaction of the fake log does. */
export type FakeWrite = { readonly key: string; readonly value?: string; readonly deleted?: true };

/** What happened, as an all-knowing observer remembers it. */
export interface HistoryEntry {
  readonly revision: number;
  readonly key: string;
  readonly deleted: boolean;
  readonly kv: KeyValue;
  readonly previous: KeyValue | undefined;
}

/** A change log made of plain lists: what a store shows to the watch hub, in the simplest way. */
export class FakeLog implements ChangeLog {
  currentRevision = 1;
  compactedRevision = -1;
  /** Everything that ever happened; compaction does not touch it. */
  readonly history: HistoryEntry[] = [];
  #retained: HistoryEntry[] = [];
  readonly #live = new Map<string, KeyValue>();
  /** How many changes were visited, for tests of what a watch costs. */
  visitCount = 0;

  put(key: string, value = ""): number {
    return this.txn([{ key, value }]);
  }

  delete(key: string): number {
    return this.txn([{ key, deleted: true }]);
  }

  /** All writes in one revision, if any of them does something; returns the current revision. */
  txn(writes: readonly FakeWrite[]): number {
    const revision = this.currentRevision + 1;
    for (const write of writes) {
      const previous = this.#live.get(write.key);
      if (write.deleted && previous === undefined) continue;
      this.#append(write, revision, previous);
      this.currentRevision = revision;
    }
    return this.currentRevision;
  }

  compact(revision: number): void {
    const possible = revision > this.compactedRevision && revision <= this.currentRevision;
    assert(possible, "compaction goes forward");
    this.compactedRevision = revision;
    const newest = new Map<string, HistoryEntry>();
    for (const entry of this.#retained) {
      if (entry.revision <= revision) newest.set(entry.key, entry);
    }
    this.#retained = this.#retained.filter((entry) =>
      entry.revision > revision ||
      (newest.get(entry.key) === entry && (!entry.deleted || entry.revision === revision))
    );
  }

  scan(from: number, to: number, visit: (change: Change) => boolean): void {
    this.#visit(from, to, () => true, visit);
  }

  scanRange(
    key: string,
    rangeEnd: string,
    from: number,
    to: number,
    visit: (change: Change) => boolean,
  ): void {
    this.#visit(from, to, (entry) => isInRange(entry.key, key, rangeEnd), visit);
  }

  #append(write: FakeWrite, revision: number, previous: KeyValue | undefined): void {
    const { key, value = "", deleted = false } = write;
    const kv = KeyValue.create({ key, modRevision: revision });
    if (deleted) {
      this.#live.delete(key);
    } else {
      kv.createRevision = previous?.createRevision ?? revision;
      kv.version = (previous?.version ?? 0) + 1;
      kv.value = new TextEncoder().encode(value);
      this.#live.set(key, kv);
    }
    const entry = { revision, key, deleted, kv, previous };
    this.history.push(entry);
    this.#retained.push(entry);
  }

  #visit(
    from: number,
    to: number,
    wanted: (entry: HistoryEntry) => boolean,
    visit: (change: Change) => boolean,
  ): void {
    const shown = new ShownChange();
    let last = Infinity;
    for (const entry of this.#retained) {
      if (entry.revision > Math.min(to, last)) break;
      if (entry.revision < from || !wanted(entry)) continue;
      this.visitCount++;
      shown.show(entry, this.compactedRevision);
      if (!visit(shown)) last = entry.revision;
    }
    shown.forget();
  }
}

/** The one object for all changes of a scan: whoever keeps it finds something else in it. */
class ShownChange implements Change {
  revision = -1;
  key = "";
  deleted = false;
  created = false;
  keyValue: KeyValueRef = refTo(new Uint8Array(0));
  #previous: KeyValueRef | undefined;

  show(entry: HistoryEntry, compactedRevision: number): void {
    const { previous, kv } = entry;
    this.revision = entry.revision;
    this.key = entry.key;
    this.deleted = entry.deleted;
    this.created = kv.version === 1;
    this.keyValue = refTo(KeyValue.encode(kv));
    const known = previous !== undefined && entry.revision - 1 >= compactedRevision;
    this.#previous = known ? refTo(KeyValue.encode(previous)) : undefined;
  }

  previous(): KeyValueRef | undefined {
    return this.#previous;
  }

  forget(): void {
    this.revision = -1;
    this.key = "a forgotten change";
    this.keyValue = refTo(new Uint8Array(0));
    this.#previous = undefined;
  }
}

/** Lies in the middle of a larger array, as in a slab. */
function refTo(bytes: Uint8Array): KeyValueRef {
  const slab = new Uint8Array(bytes.length + 7).fill(0xee);
  slab.set(bytes, 3);
  return { bytes: slab, start: 3, end: 3 + bytes.length };
}

export function isInRange(candidate: string, key: string, rangeEnd: string): boolean {
  if (rangeEnd === "") return candidate === key;
  return candidate >= key && (rangeEnd === "\0" || candidate < rangeEnd);
}

/** One response of a stream, decoded. */
export interface SeenResponse {
  readonly watchId: bigint;
  readonly revision: number;
  readonly events: readonly Event[];
  readonly fragment: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly sizeBytes: number;
}

/** A client that remembers every response and has room for a given number of them. */
export class RecordingSink implements WatchSink {
  readonly responses: SeenResponse[] = [];
  /** How many more responses with events it takes before it says that it is full. */
  room = Infinity;
  blocked = false;
  /** Called from inside, when a response with events comes. */
  onEvents: (() => void) | undefined;
  #insideFragments = false;

  events(target: WatchTarget, revision: number, events: EncodedEvents, fragment: boolean): boolean {
    assert(!this.blocked || this.#insideFragments, "a full stream gets no events");
    this.#insideFragments = fragment;
    const bytes = new Uint8Array([
      ...target.idField,
      ...events.bytes.subarray(events.start, events.end),
    ]);
    const response = WatchResponse.decode(bytes);
    assert(response.watchId === target.id, "the field holds the ID");
    assert(response.events.length === events.count, "the count is right");
    assert(bytesEqual(WatchResponse.encode(response), bytes), "the encoding is canonical");
    this.#record(target.id, {
      revision,
      events: response.events,
      fragment,
      sizeBytes: bytes.length,
    });
    this.room--;
    this.blocked = this.room <= 0;
    this.onEvents?.();
    return !this.blocked;
  }

  canceled(watchId: bigint, compactRevision: number, reason: string): void {
    assert(reason === "", "compaction cancels without a reason");
    this.#record(watchId, { canceled: true, compactRevision });
  }

  progress(watchId: bigint, revision: number): void {
    this.#record(watchId, { revision });
  }

  /** What came since the last call, in short: "id: put a, delete b". */
  take(): string[] {
    return this.responses.splice(0).map(inShort);
  }

  #record(watchId: bigint, fields: Partial<SeenResponse>): void {
    const nothing = { revision: 0, events: [], fragment: false, canceled: false };
    this.responses.push({ ...nothing, compactRevision: 0, sizeBytes: 0, ...fields, watchId });
  }
}

function inShort(response: SeenResponse): string {
  const { watchId, revision, events, fragment, canceled, compactRevision } = response;
  if (canceled) return `${watchId} canceled, compacted at ${compactRevision}`;
  if (events.length === 0) return `${watchId} progress ${revision}`;
  const told = events.map((event) => {
    const kind = event.type === EventType.DELETE ? "delete" : "put";
    return `${kind} ${event.kv?.key}@${event.kv?.modRevision}`;
  });
  return `${watchId} at ${revision}: ${told.join(", ")}${fragment ? " ..." : ""}`;
}
