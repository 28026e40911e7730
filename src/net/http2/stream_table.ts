import { IdTable } from "../../base/id_table.ts";
import type { Http2Limits } from "../limits.ts";
import type { Http2StreamListener } from "./handler.ts";
import { RecentIds } from "./recent_ids.ts";
import type { ServerStream } from "./stream.ts";

/** The open streams of a connection, and what is known of those that are open no longer. */
export class StreamTable {
  /** The largest id that a request came with. */
  lastId = 0;
  /** Streams beyond `lastId` are ignored: the peer knows that it must repeat them elsewhere. */
  refusesNew = false;

  readonly #open = new IdTable<ServerStream>();
  readonly #resetByUs: RecentIds;

  constructor(limits: Http2Limits) {
    this.#resetByUs = new RecentIds(limits.rememberedResets);
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): ServerStream | undefined {
    return this.#open.get(id);
  }

  add(stream: ServerStream): void {
    this.#open.add(stream);
  }

  /** Those that are open now, in the order in which they began. */
  values(): readonly ServerStream[] {
    return this.#open.values();
  }

  remove(stream: ServerStream): void {
    stream.gone = true;
    this.#open.remove(stream.id);
  }

  /** Whether the id belongs to a stream that no request ever came for. */
  isIdle(id: number): boolean {
    return id > this.lastId && !this.refusesNew || id % 2 === 0;
  }

  /** Notes that this side closed the stream, perhaps while frames for it were under way. */
  noteReset(id: number): void {
    this.#resetByUs.add(id);
  }

  /** Whether frames for the stream, which is not open, are no fault of the peer. */
  isIgnored(id: number): boolean {
    return id > this.lastId || this.#resetByUs.has(id);
  }

  /** Removes all streams before any listener hears of it and perhaps turns to another. */
  removeAll(dropped: (stream: ServerStream) => void): Http2StreamListener[] {
    const listeners: Http2StreamListener[] = [];
    for (const stream of this.#open.values()) {
      stream.gone = true;
      dropped(stream);
      if (stream.listener !== undefined) listeners.push(stream.listener);
    }
    this.#open.clear();
    return listeners;
  }
}
