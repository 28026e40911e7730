import assert from "node:assert/strict";
import { bytesEqual } from "../../src/base/bytes.ts";
import type { WatchCreateRequest } from "../../src/pb/etcdserverpb.ts";
import { Event } from "../../src/pb/mvccpb.ts";
import type { GrpcClient } from "../harness/grpc_client.ts";
import { WatchClient } from "../harness/watch_calls.ts";
import { comparable } from "./question.ts";
import type { ServerPair } from "./server_pair.ts";

/** From the first key that a request can name to the last. */
export const ALL_KEYS: Partial<WatchCreateRequest> = { rangeEnd: "\x00" };

/** One watcher's events, on one server, collected over as many connections as it takes. */
class EventCollection {
  readonly events: Event[] = [];
  #watch: WatchClient | undefined;

  async open(client: GrpcClient, key: string, fields: Partial<WatchCreateRequest>): Promise<void> {
    this.#watch = new WatchClient(client);
    await this.#watch.create(key, fields);
  }

  cancel(): void {
    this.#watch?.stream.cancel();
  }

  async collectUntil(isEnough: (events: readonly Event[]) => boolean): Promise<void> {
    if (this.#watch === undefined) throw new Error("the watch is not open");
    while (!isEnough(this.events)) {
      const { events, canceled, compactRevision } = await this.#watch.next();
      assert.ok(!canceled, `the watch was canceled, compact revision ${compactRevision}`);
      for (const event of events) this.events.push(event);
    }
  }
}

/** The same watcher on both servers. */
export class WatchedPair {
  readonly #pair: ServerPair;
  readonly #key: string;
  readonly #fields: Partial<WatchCreateRequest>;
  readonly #first = new EventCollection();
  readonly #second = new EventCollection();
  /** How many events were found equal earlier. */
  #comparedCount = 0;

  constructor(pair: ServerPair, key: string, fields: Partial<WatchCreateRequest>) {
    this.#pair = pair;
    this.#key = key;
    this.#fields = fields;
  }

  /** Opens the watcher, or opens it again, from a revision on. */
  async open(startRevision: number): Promise<void> {
    const fields = { ...this.#fields, startRevision };
    await Promise.all([
      this.#first.open(this.#pair.etcd.client, this.#key, fields),
      this.#second.open(this.#pair.detcd.client, this.#key, fields),
    ]);
  }

  /** The events so far are enough. */
  cancel(): void {
    this.#first.cancel();
    this.#second.cancel();
  }

  /** For a watcher of all keys: every event up to and of the revision. */
  async compareUntil(revision: number, at: string): Promise<readonly Event[]> {
    await this.#collect((events) => revisionOfEvent(events.at(-1)) >= revision);
    return this.#compare(at);
  }

  /** For a watcher that is known to have so many events. */
  async compareCount(count: number, at: string): Promise<readonly Event[]> {
    await this.#collect((events) => events.length >= count);
    return this.#compare(at);
  }

  async #collect(isEnough: (events: readonly Event[]) => boolean): Promise<void> {
    await Promise.all([
      this.#first.collectUntil(isEnough),
      this.#second.collectUntil(isEnough),
    ]);
  }

  #compare(at: string): readonly Event[] {
    const first = this.#first.events;
    const second = this.#second.events;
    for (; this.#comparedCount < Math.max(first.length, second.length); this.#comparedCount++) {
      const i = this.#comparedCount;
      assertSameEvent(first[i], second[i], `${at}, event ${i}`);
    }
    return first;
  }
}

export function revisionOfEvent(event: Event | undefined): number {
  return event?.kv?.modRevision ?? 0;
}

function assertSameEvent(first: Event | undefined, second: Event | undefined, at: string): void {
  if (
    first !== undefined && second !== undefined &&
    bytesEqual(Event.encode(first), Event.encode(second))
  ) return;
  assert.deepEqual(comparable(second), comparable(first), at);
}
