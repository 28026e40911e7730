import assert from "node:assert/strict";
import { Prng } from "../../../base/prng.ts";
import { FilterType, WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import { type Event, EventType } from "../../../pb/mvccpb.ts";
import { WatchHub } from "./watch_hub.ts";
import { WATCH_LIMITS } from "./watch_limits.ts";
import { NO_WATCH_ID, type WatchStream } from "./watch_stream.ts";
import {
  FakeLog,
  type FakeWrite,
  isInRange,
  RecordingSink,
  type SeenResponse,
} from "./testing/watch_fixtures.ts";
import { WATCH_VALIDATORS, type WatchRecord } from "./testing/watch_validators.ts";

const SEEDS = 400;
const STEPS = 250;
const KEYS = ["\0", "a", "a\0", "ab", "b", "c", "\xff"];

Deno.test("WatchHub keeps every promise when streams are slow and history is compacted", () => {
  const sums = { events: 0, canceled: 0, fragments: 0, progress: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new RandomHistory(seed);
    random.run(STEPS);
    random.validate();
    random.addTo(sums);
  }
  // A test that never came to a case says nothing about it.
  assert.ok(sums.events > SEEDS * 100, `${sums.events} events`);
  assert.ok(sums.canceled > SEEDS / 4, `${sums.canceled} canceled by compaction`);
  assert.ok(sums.fragments > SEEDS, `${sums.fragments} fragments`);
  assert.ok(sums.progress > SEEDS, `${sums.progress} progress responses`);
});

/** A change to what a client saw, and the promise that it breaks. */
const PLANTED_BUGS: [string, (responses: SeenResponse[]) => SeenResponse[]][] = [
  ["ordered", (r) => [r[1], r[0], ...r.slice(2)]],
  ["unique", (r) => [r[0], ...r]],
  ["atomic", (r) => [...r.slice(0, -1), { ...r[r.length - 1], fragment: true }]],
  ["atomic", (r) => r.flatMap((response) => splitEvents(response))],
  ["reliable", (r) => r.filter((_, i) => i !== 2)],
  ["resumable", (r) => r.slice(1)],
  ["bookmarkable", (r) => [progressAt(9), ...r]],
  ["bookmarkable", (r) => [...r, progressAt(3)]],
  ["previousValue", (r) => changeEvents(r, (event) => ({ ...event, prevKv: undefined }))],
  ["previousValue", (r) => changeEvents(r, (event) => ({ ...event, prevKv: event.kv }))],
  ["isCreate", (r) => changeEvents(r, (event) => withCreateRevision(event, 2))],
  ["isCreate", (r) => changeEvents(r, (event) => withCreateRevision(event, -1))],
  ["filter", (r) => changeEvents(r, (event) => ({ ...event, type: EventType.DELETE }))],
  ["filter", (r) => changeEvents(r, (event) => ({ ...event, kv: withKey(event, "z") }))],
  ["complete", (r) => r.slice(0, -1)],
  ["rightlyCanceled", (r) => [...r, canceledAt(5)]],
  ["rightlyCanceled", (r) => [canceledAt(900), ...r]],
];

Deno.test("the validators notice when a client sees something else than what happened", () => {
  const record = recordOfPlainWatch();
  for (const [name, validate] of Object.entries(WATCH_VALIDATORS)) {
    assert.equal(validate(record.record, record.log.history), undefined, name);
  }
  for (const [name, change] of PLANTED_BUGS) {
    const changed = { ...record.record, responses: change([...record.record.responses]) };
    const complaint = WATCH_VALIDATORS[name](changed, record.log.history);
    assert.notEqual(complaint, undefined, `${name} ${change}`);
  }
});

/** A watch of all keys with previous pairs, ten responses of which the first two are creations. */
function recordOfPlainWatch(): { record: WatchRecord; log: FakeLog } {
  const log = new FakeLog();
  const hub = newHub(log, new Prng(1));
  const sink = new RecordingSink();
  const request = { key: "a", rangeEnd: "\0", prevKv: true };
  hub.openStream(sink).create(WatchCreateRequest.create(request));
  for (let i = 0; i < 10; i++) {
    log.txn([{ key: i % 2 === 0 ? "a" : "b", value: `${i}` }, { key: "c", value: `${i}` }]);
    hub.notify();
  }
  const { responses } = sink;
  const shape = { ...request, noPut: false, noDelete: false, fromRevision: 2, responses };
  return { record: { ...shape, completeTo: log.currentRevision, compactedRevision: -1 }, log };
}

function progressAt(revision: number): SeenResponse {
  const nothing = { events: [], fragment: false, canceled: false, compactRevision: 0 };
  return { ...nothing, watchId: 0n, revision, sizeBytes: 0 };
}

function canceledAt(compactRevision: number): SeenResponse {
  return { ...progressAt(0), canceled: true, compactRevision };
}

function splitEvents(response: SeenResponse): SeenResponse[] {
  return response.events.map((event) => ({ ...response, events: [event] }));
}

function changeEvents(responses: SeenResponse[], change: (event: Event) => Event): SeenResponse[] {
  return responses.map((response) => ({ ...response, events: response.events.map(change) }));
}

function withKey(event: Event, key: string): Event["kv"] {
  return event.kv && { ...event.kv, key };
}

/** -1 makes every put look like a creation. */
function withCreateRevision(event: Event, createRevision: number): Event {
  if (event.kv === undefined) return event;
  const revision = createRevision < 0 ? event.kv.modRevision : createRevision;
  return { ...event, kv: { ...event.kv, createRevision: revision } };
}

function newHub(log: FakeLog, prng: Prng): WatchHub {
  const limits = {
    ...WATCH_LIMITS,
    responseSoftBytes: prng.between(20, 400),
    sliceChanges: prng.between(1, 12),
    looksPerStep: 2,
    responseOverheadBytes: 20,
  };
  const maxResponseBytes = prng.between(80, 300);
  return new WatchHub(log, { maxResponseBytes, progressNotifyIntervalMs: 1000, prng, limits });
}

interface Client {
  readonly stream: WatchStream;
  readonly sink: RecordingSink;
  /** How many responses a slow client takes at a time. */
  readonly roomAtOnce: number;
  readonly watches: Map<bigint, ClientWatch>;
}

interface ClientWatch {
  readonly watchId: bigint;
  readonly request: WatchCreateRequest;
  readonly fromRevision: number;
  readonly firstResponse: number;
  /** Where the client canceled it. */
  lastResponse: number;
  ended: boolean;
}

/** A server's life from a seed: writes, compactions, and clients that come, go, and read slowly. */
class RandomHistory {
  readonly #seed: number;
  readonly #prng: Prng;
  readonly #log = new FakeLog();
  readonly #hub: WatchHub;
  readonly #clients: Client[] = [];
  readonly #watches: [Client, ClientWatch][] = [];
  #nowMs = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#prng = new Prng(seed);
    this.#hub = newHub(this.#log, this.#prng);
  }

  run(steps: number): void {
    const actions: [number, () => void][] = [
      [30, () => this.#write()],
      [20, () => this.#hub.notify()],
      [20, () => this.#hub.catchUp(this.#prng.between(1, 30))],
      [20, () => this.#resume()],
      [8, () => this.#create()],
      [3, () => this.#requestProgress()],
      [3, () => this.#hub.tick(this.#nowMs += this.#prng.between(0, 900))],
      [2, () => this.#cancel()],
      [this.#prng.pick([0, 2, 5]), () => this.#compact()],
      [1, () => this.#open()],
      [1, () => this.#close()],
    ];
    const tickets = actions.flatMap(([weight, action]) => Array(weight).fill(action));
    this.#open();
    for (let step = 0; step < steps; step++) this.#prng.pick(tickets)();
    this.#drain();
  }

  validate(): void {
    for (const [client, watch] of this.#watches) {
      const record = this.#recordOf(client, watch);
      for (const [name, validate] of Object.entries(WATCH_VALIDATORS)) {
        const complaint = validate(record, this.#log.history);
        assert.equal(complaint, undefined, `seed ${this.#seed}, watch ${watch.watchId}, ${name}`);
      }
    }
    assert.equal(this.#hub.laggingWatcherCount, 0, `seed ${this.#seed}`);
  }

  addTo(sums: { events: number; canceled: number; fragments: number; progress: number }): void {
    const responses = new Set(this.#watches.flatMap(([client]) => client.sink.responses));
    for (const response of responses) {
      sums.events += response.events.length;
      if (response.canceled) sums.canceled++;
      else if (response.events.length === 0) sums.progress++;
      if (response.fragment) sums.fragments++;
    }
  }

  /** The clients read all there is. */
  #drain(): void {
    this.#hub.notify();
    for (const client of this.#clients) {
      client.sink.room = Infinity;
      client.sink.blocked = false;
      client.stream.resume();
    }
    while (this.#hub.catchUp(50));
  }

  #recordOf(client: Client, watch: ClientWatch): WatchRecord {
    const { request, watchId, fromRevision, firstResponse, lastResponse } = watch;
    const responses = client.sink.responses.slice(firstResponse, lastResponse).filter(
      (response) => response.watchId === watchId || response.watchId === NO_WATCH_ID,
    );
    const lives = !watch.ended && !responses.some((response) => response.canceled);
    const end = responses.findIndex((response) => response.canceled);
    return {
      key: request.key === "" ? "\0" : request.key,
      rangeEnd: request.rangeEnd,
      noPut: request.filters.includes(FilterType.NOPUT),
      noDelete: request.filters.includes(FilterType.NODELETE),
      prevKv: request.prevKv,
      fromRevision,
      // What the stream's other watches are told is none of a watch's business after its end.
      responses: responses.filter((response, i) =>
        end < 0 || i <= end || response.watchId !== NO_WATCH_ID
      ),
      completeTo: lives ? this.#log.currentRevision : undefined,
      compactedRevision: this.#log.compactedRevision,
    };
  }

  #open(): void {
    if (this.#clients.length >= 4) return;
    const sink = new RecordingSink();
    const roomAtOnce = this.#prng.pick([1, 2, 5, Infinity]);
    sink.room = roomAtOnce;
    const stream = this.#hub.openStream(sink);
    this.#clients.push({ stream, sink, roomAtOnce, watches: new Map() });
  }

  #close(): void {
    if (this.#clients.length < 2) return;
    const index = this.#prng.between(0, this.#clients.length - 1);
    const [client] = this.#clients.splice(index, 1);
    client.stream.close();
    for (const watch of client.watches.values()) this.#end(client, watch);
    client.sink.onEvents = () => assert.fail("a closed stream gets events");
  }

  #end(client: Client, watch: ClientWatch): void {
    watch.ended = true;
    watch.lastResponse = client.sink.responses.length;
    client.watches.delete(watch.watchId);
  }

  #resume(): void {
    const client = this.#prng.pick(this.#clients);
    client.sink.room = client.roomAtOnce;
    client.sink.blocked = false;
    client.stream.resume();
  }

  #write(): void {
    const keys = new Set<string>();
    for (let count = this.#prng.pick([1, 1, 1, 2, 4]); count > 0; count--) {
      keys.add(this.#prng.pick(KEYS));
    }
    const writes: FakeWrite[] = [...keys].map((key) => {
      if (this.#prng.chance(0.25)) return { key, deleted: true };
      return { key, value: "v".repeat(this.#prng.pick([0, 1, 3, 30, 150])) };
    });
    this.#log.txn(writes);
  }

  #compact(): void {
    // A server delivers what it applied before it compacts; watchers survive if it does not.
    if (this.#prng.chance(0.8)) this.#hub.notify();
    const { compactedRevision, currentRevision } = this.#log;
    if (compactedRevision === currentRevision) return;
    this.#log.compact(this.#prng.between(Math.max(compactedRevision + 1, 1), currentRevision));
  }

  #create(): void {
    const client = this.#prng.pick(this.#clients);
    const request = this.#randomRequest();
    const { key, rangeEnd, watchId, startRevision } = request;
    const before = this.#log.currentRevision;
    const created = client.stream.create(request);
    const least = key === "" ? "\0" : key;
    const isEmpty = rangeEnd !== "" && rangeEnd !== "\0" && !isInRange(least, least, rangeEnd);
    const refused = isEmpty || (watchId !== 0n && this.#isLive(client, watchId));
    assert.equal(created.cancelReason !== "", refused, `seed ${this.#seed}`);
    assert.equal(created.revision, before);
    if (refused) return;
    const fromRevision = startRevision === 0 ? before + 1 : startRevision;
    const watch = { request, fromRevision, lastResponse: Infinity, ended: false };
    const firstResponse = client.sink.responses.length;
    const known = { ...watch, watchId: created.watchId, firstResponse };
    // A watch that compaction ended leaves its ID to others.
    const former = client.watches.get(created.watchId);
    if (former !== undefined) former.lastResponse = firstResponse;
    client.watches.set(created.watchId, known);
    this.#watches.push([client, known]);
  }

  #isLive(client: Client, watchId: bigint): boolean {
    const watch = client.watches.get(watchId);
    if (watch === undefined) return false;
    return !client.sink.responses.slice(watch.firstResponse).some((response) =>
      response.watchId === watchId && response.canceled
    );
  }

  #randomRequest(): WatchCreateRequest {
    const prng = this.#prng;
    const { currentRevision } = this.#log;
    const starts = [0, 0, prng.between(1, currentRevision), currentRevision + prng.between(0, 5)];
    const filters = [FilterType.NOPUT, FilterType.NODELETE].filter(() => prng.chance(0.2));
    return WatchCreateRequest.create({
      key: prng.pick(["", ...KEYS]),
      rangeEnd: prng.pick(["", "", "\0", "\0", prng.pick(KEYS)]),
      startRevision: prng.pick(starts),
      progressNotify: prng.chance(0.5),
      filters,
      prevKv: prng.chance(0.5),
      fragment: prng.chance(0.5),
      watchId: BigInt(prng.pick([0, 0, 0, 1, 2, 3, -5])),
    });
  }

  #cancel(): void {
    const client = this.#prng.pick(this.#clients);
    const watch = [...client.watches.values()].at(this.#prng.between(0, 5));
    if (watch === undefined) return;
    const isLive = this.#isLive(client, watch.watchId);
    // The end of this watch may be what a progress request of the stream has waited for.
    this.#end(client, watch);
    assert.equal(client.stream.cancel(watch.watchId), isLive);
  }

  #requestProgress(): void {
    this.#prng.pick(this.#clients).stream.requestProgress();
  }
}
