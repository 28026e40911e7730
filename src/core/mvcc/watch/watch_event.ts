import { varintSize, Writer } from "../../../pb/writer.ts";
import type { Change, KeyValueRef } from "../change.ts";

/** Tags of `WatchResponse.events` (11), and of `type` (1), `kv` (2), `prev_kv` (3) of an event. */
const EVENTS_TAG = 0x5a;
const TYPE_TAG = 0x08;
const KV_TAG = 0x12;
const PREV_KV_TAG = 0x1a;
const TYPE_DELETE = 1;

/**
 * Events of one watch response: entries of its repeated field `events`, each with tag and
 * length, so that a response is its header, its watch ID and these bytes in a row. Valid only
 * during the call that hands it over.
 */
export interface EncodedEvents {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** The one EncodedEvents object of a delivery, filled anew for each. */
export class EventsView implements EncodedEvents {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  count = 0;
}

/** Encodes events one behind the other and remembers where each of them ends. */
export class EventBuffer {
  readonly #writer = new Writer();
  readonly #revisions: number[] = [];
  readonly #ends: number[] = [];

  get sizeBytes(): number {
    return this.#writer.position;
  }

  /** Appends the event of a change and returns its index. */
  append(change: Change, previous: KeyValueRef | undefined): number {
    const writer = this.#writer;
    const typeSize = change.deleted ? 2 : 0;
    const previousSize = previous === undefined ? 0 : fieldSize(previous);
    writer.tag(EVENTS_TAG);
    writer.uint32(typeSize + fieldSize(change.keyValue) + previousSize);
    if (change.deleted) {
      writer.tag(TYPE_TAG);
      writer.uint32(TYPE_DELETE);
    }
    writeField(writer, KV_TAG, change.keyValue);
    if (previous !== undefined) writeField(writer, PREV_KV_TAG, previous);
    this.#revisions.push(change.revision);
    this.#ends.push(writer.position);
    return this.#ends.length - 1;
  }

  /** The revision of an event. */
  revisionAt(index: number): number {
    return this.#revisions[index];
  }

  /**
   * Shows the events with the given ascending indices, from the position `first` of that list on.
   * Neighbours are shown where they lie; others are copied together into `gathered`.
   */
  show(indices: readonly number[], first: number, gathered: Writer, view: EventsView): void {
    const [low, high] = [indices[first], indices[indices.length - 1]];
    view.count = indices.length - first;
    if (high - low === view.count - 1) {
      view.bytes = this.#writer.buffer;
      view.start = this.#startOf(low);
      view.end = this.#ends[high];
      return;
    }
    gathered.reset();
    for (let i = first; i < indices.length; i++) {
      gathered.raw(this.#writer.buffer, this.#startOf(indices[i]), this.#ends[indices[i]]);
    }
    view.bytes = gathered.buffer;
    view.start = 0;
    view.end = gathered.position;
  }

  reset(): void {
    this.#writer.reset();
    this.#revisions.length = 0;
    this.#ends.length = 0;
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1];
  }
}

/** Where the entry that starts at `start` ends: behind its tag, its length and so many bytes. */
export function entryEnd(bytes: Uint8Array, start: number): number {
  let position = start + 1;
  let length = 0;
  let factor = 1;
  for (;;) {
    const byte = bytes[position++];
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return position + length;
    factor *= 0x80;
  }
}

function fieldSize(keyValue: KeyValueRef): number {
  const length = keyValue.end - keyValue.start;
  return 1 + varintSize(length) + length;
}

function writeField(writer: Writer, tag: number, keyValue: KeyValueRef): void {
  writer.tag(tag);
  writer.uint32(keyValue.end - keyValue.start);
  writer.raw(keyValue.bytes, keyValue.start, keyValue.end);
}
