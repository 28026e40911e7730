import { type Event, EventType } from "../../../pb/mvccpb.ts";
import { type HistoryEntry, isInRange, type SeenResponse } from "./watch_fixtures.ts";

/** One watch as its client saw it. */
export interface WatchRecord {
  readonly key: string;
  readonly rangeEnd: string;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  /** The first revision that the client wants to see. */
  readonly fromRevision: number;
  /** The responses for this watch, and the stream's answers to progress requests. */
  readonly responses: readonly SeenResponse[];
  /** Up to here everything must have arrived; undefined if the watch ended before. */
  readonly completeTo: number | undefined;
  /** Compaction may have taken previous pairs up to this revision. */
  readonly compactedRevision: number;
}

/** Says what is wrong with a watch, or nothing. */
type WatchValidator = (
  record: WatchRecord,
  history: readonly HistoryEntry[],
) => string | undefined;

/** The nine promises of etcd's watch, and what ends one. */
export const WATCH_VALIDATORS: Readonly<Record<string, WatchValidator>> = {
  ordered,
  unique,
  atomic,
  reliable,
  resumable,
  bookmarkable,
  previousValue,
  isCreate,
  filter,
  complete,
  rightlyCanceled,
};

/** Events come in the order of their revisions. */
function ordered(record: WatchRecord): string | undefined {
  let last = 0;
  for (const event of eventsOf(record)) {
    if (revisionOf(event) < last) return `${revisionOf(event)} came after ${last}`;
    last = revisionOf(event);
  }
  return undefined;
}

/** No event comes twice. */
function unique(record: WatchRecord): string | undefined {
  const seen = new Set<string>();
  for (const event of eventsOf(record)) {
    const name = nameOf(revisionOf(event), event.kv?.key ?? "");
    if (seen.has(name)) return `${name} came twice`;
    seen.add(name);
  }
  return undefined;
}

/** A revision is never split over responses, other than fragments of one. */
function atomic(record: WatchRecord): string | undefined {
  let last = 0;
  let continues = false;
  for (const { events, fragment } of record.responses) {
    if (events.length === 0) continue;
    if (!continues && revisionOf(events[0]) === last) return `${last} was split`;
    last = revisionOf(events[events.length - 1]);
    continues = fragment;
  }
  return continues ? "the last fragment is missing" : undefined;
}

/** Nothing is missing between two events. */
function reliable(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  const events = eventsOf(record);
  if (events.length === 0) return undefined;
  const [first, last] = [revisionOf(events[0]), revisionOf(events[events.length - 1])];
  const seen = new Set(events.map((event) => nameOf(revisionOf(event), event.kv?.key ?? "")));
  for (const entry of expectedOf(record, history, first, last)) {
    const name = nameOf(entry.revision, entry.key);
    if (!seen.has(name)) return `${name} is missing`;
  }
  return undefined;
}

/** A watch begins with the first event from its start revision on. */
function resumable(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  const events = eventsOf(record);
  if (events.length === 0) return undefined;
  const first = revisionOf(events[0]);
  const [expected] = expectedOf(record, history, record.fromRevision, Infinity);
  if (expected?.revision === first) return undefined;
  return `begins with ${first} instead of ${expected?.revision}`;
}

/**
 * After a response of revision R no event of R or below comes, responses without events never go
 * back, and none is from before the start.
 */
function bookmarkable(record: WatchRecord): string | undefined {
  let known = 0;
  for (const response of record.responses) {
    const { events, revision, canceled, fragment } = response;
    if (canceled) continue;
    if (revision < known) return `went back from ${known} to ${revision}`;
    if (events.length === 0) {
      if (revision + 1 < record.fromRevision) return `tells the old revision ${revision}`;
    } else {
      const [first, last] = [revisionOf(events[0]), revisionOf(events[events.length - 1])];
      if (first <= known) return `${first} came after ${known} was told`;
      if (revision < last) return `the header's ${revision} is below ${last}`;
    }
    // The header of a fragment holds for all of the response.
    if (!fragment) known = revision;
  }
  return undefined;
}

/** The previous pair is the one that was there before, unless it was compacted. */
function previousValue(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  for (const event of eventsOf(record)) {
    const entry = entryOf(event, history);
    if (event.prevKv === undefined) {
      const gone = revisionOf(event) - 1 < record.compactedRevision;
      if (record.prevKv && entry?.previous !== undefined && !gone) {
        return `${revisionOf(event)} has no previous pair`;
      }
    } else if (!record.prevKv || !sameFields(event.prevKv, entry?.previous)) {
      return `${revisionOf(event)} has another previous pair`;
    }
  }
  return undefined;
}

/** A put creates if and only if its key was not there before. */
function isCreate(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  for (const event of eventsOf(record)) {
    if (event.type !== EventType.PUT) continue;
    const creates = event.kv?.createRevision === event.kv?.modRevision;
    const entry = entryOf(event, history);
    if (creates !== (entry?.previous === undefined)) return `${revisionOf(event)} is wrong`;
  }
  return undefined;
}

/** Events are what happened, to keys and of kinds that were asked for. */
function filter(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  for (const event of eventsOf(record)) {
    const entry = entryOf(event, history);
    if (entry === undefined) return `${revisionOf(event)} never happened`;
    if (!wants(record, entry)) return `${revisionOf(event)} is not wanted`;
    if (entry.deleted !== (event.type === EventType.DELETE)) return "another type";
    if (!sameFields(event.kv, entry.kv)) return `${revisionOf(event)} has another pair`;
  }
  return undefined;
}

/** Everything has come that should have come by now. */
function complete(
  record: WatchRecord,
  history: readonly HistoryEntry[],
): string | undefined {
  if (record.completeTo === undefined) return undefined;
  const expected = expectedOf(record, history, record.fromRevision, record.completeTo);
  const count = eventsOf(record).length;
  return count === expected.length ? undefined : `${count} events instead of ${expected.length}`;
}

/** A watch ends by itself only when compaction took what it needs, and says nothing afterwards. */
function rightlyCanceled(record: WatchRecord): string | undefined {
  const index = record.responses.findIndex((response) => response.canceled);
  if (index < 0) return undefined;
  if (index < record.responses.length - 1) return "something came after the end";
  let needed = record.fromRevision;
  for (const { revision } of record.responses.slice(0, index)) {
    needed = Math.max(needed, revision + 1);
  }
  const { compactRevision } = record.responses[index];
  return compactRevision > needed ? undefined : `${needed} is not below ${compactRevision}`;
}

function eventsOf(record: WatchRecord): Event[] {
  return record.responses.flatMap((response) => [...response.events]);
}

function revisionOf(event: Event): number {
  return event.kv?.modRevision ?? 0;
}

function nameOf(revision: number, key: string): string {
  return `${JSON.stringify(key)} at ${revision}`;
}

function wants(record: WatchRecord, entry: HistoryEntry): boolean {
  if (entry.deleted ? record.noDelete : record.noPut) return false;
  return isInRange(entry.key, record.key, record.rangeEnd);
}

function expectedOf(
  record: WatchRecord,
  history: readonly HistoryEntry[],
  from: number,
  to: number,
): HistoryEntry[] {
  return history.filter((entry) =>
    entry.revision >= Math.max(from, record.fromRevision) && entry.revision <= to &&
    wants(record, entry)
  );
}

function entryOf(event: Event, history: readonly HistoryEntry[]): HistoryEntry | undefined {
  return history.find((entry) =>
    entry.revision === revisionOf(event) && entry.key === event.kv?.key
  );
}

function sameFields(a: object | undefined, b: object | undefined): boolean {
  const inWords = (value: object | undefined): string =>
    JSON.stringify(value, (_, field) => typeof field === "bigint" ? String(field) : field);
  return inWords(a) === inWords(b);
}
