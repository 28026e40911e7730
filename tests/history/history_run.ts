import { Prng } from "../../src/base/prng.ts";
import { type Event, EventType } from "../../src/pb/mvccpb.ts";
import { AlarmAction, AlarmType, FilterType } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { compareBackendFile } from "./backend_file.ts";
import { alarms, allLeases, everythingAt, FIRST_KEY, hashAt } from "./common_questions.ts";
import { type Question, question, revisionOfAnswer } from "./question.ts";
import { LEASE_IDS, type Operation, OperationMaker, questionOf } from "./random_operations.ts";
import type { EndOfProcess, ServerPair } from "./server_pair.ts";
import { ALL_KEYS, revisionOfEvent, WatchedPair } from "./watched_events.ts";

/** What is done to detcd besides the history, and with what values. */
export interface HistoryProfile {
  readonly restarts: boolean;
  readonly largeValues: boolean;
}

const MIN_OPERATIONS = 60;
const MAX_OPERATIONS = 140;
/** About one restart in two seeds, each at its own moment between two checkpoints. */
const RESTART_CHANCE = 0.005;
const RESTART_AFTER_COMPACTION_CHANCE = 0.3;
const MAX_WAIT_BEFORE_RESTART_MS = 15;
/** Every revision is hashed at the end of a history; in between, these must do. */
const SOME_HASHES = 5;
/** A member that nobody is, so that no server raises or drops its alarm by itself. */
const STRANGE_MEMBER_ID = 7n;

/** What outlives one history of a store: the newest compaction and the watcher of everything. */
export class StoreHistory {
  readonly pair: ServerPair;
  readonly profile: HistoryProfile;
  readonly watched: WatchedPair;
  compactedRevision = 0;
  /** What happened, for the proof that a run was one. */
  readonly counts = { compactions: 0, restarts: 0 };

  constructor(pair: ServerPair, profile: HistoryProfile) {
    this.pair = pair;
    this.profile = profile;
    this.watched = new WatchedPair(pair, FIRST_KEY, { ...ALL_KEYS, prevKv: true });
  }

  /** Reads everything as of every revision that is still there, and as of one before and behind. */
  async compareRetained(firstRevision: number, at: string): Promise<void> {
    const from = Math.max(firstRevision, this.compactedRevision);
    const to = this.pair.revision + 1;
    const questions = [everythingAt(this.compactedRevision - 1), everythingAt(0)];
    for (let revision = from; revision <= to; revision++) questions.push(everythingAt(revision));
    await this.pair.allSame(questions, `${at}, reading from revision ${from} to ${to}`);
  }

  /** Hashes as of every revision from which etcd before 3.4.27 hashes, and of some without. */
  async compareHashes(firstRevision: number, at: string): Promise<void> {
    const from = Math.max(firstRevision, this.compactedRevision + 1);
    const questions = [hashAt(0), hashAt(this.compactedRevision - 1)];
    for (let i = from; i <= this.pair.revision + 1; i++) questions.push(hashAt(i));
    await this.pair.allSame(questions, `${at}, hashing from revision ${from}`);
  }

  /** Every event so far, in order and with the pair before it. */
  async compareWatched(at: string): Promise<readonly Event[]> {
    return await this.watched.compareUntil(this.pair.revision, `${at}, watching`);
  }
}

/** One random history on a store that may hold earlier ones. */
export class HistoryRun {
  readonly #seed: number;
  readonly #store: StoreHistory;
  readonly #pair: ServerPair;
  readonly #prng: Prng;
  #maker: OperationMaker;
  #firstRevision = 0;
  #at: string;

  constructor(seed: number, store: StoreHistory) {
    this.#seed = seed;
    this.#store = store;
    this.#pair = store.pair;
    this.#prng = new Prng(seed + 1_000_000);
    this.#maker = new OperationMaker(seed);
    this.#at = `seed ${seed}, start`;
  }

  async run(): Promise<void> {
    await this.#begin();
    const count = this.#prng.between(MIN_OPERATIONS, MAX_OPERATIONS);
    for (let i = 0; i < count; i++) {
      this.#at = `seed ${this.#seed}, operation ${i}`;
      await this.#step();
    }
    this.#at = `seed ${this.#seed}, end`;
    await this.#compareAll();
    await this.#compareOldWatches();
  }

  /** Nothing of earlier histories is left but old versions. */
  async #begin(): Promise<void> {
    await this.#same(question(KV_SERVICE.put, { key: FIRST_KEY }));
    await this.#same(question(KV_SERVICE.deleteRange, { key: "a", rangeEnd: "\x00" }));
    for (const id of LEASE_IDS) await this.#same(question(LEASE_SERVICE.leaseRevoke, { id }));
    this.#firstRevision = this.#pair.revision;
    this.#maker = new OperationMaker(this.#seed, {
      firstRevision: this.#firstRevision,
      oldestRevision: this.#store.compactedRevision,
      largeValues: this.#store.profile.largeValues,
    });
  }

  async #step(): Promise<void> {
    const prng = this.#prng;
    if (this.#store.profile.restarts && prng.chance(RESTART_CHANCE)) await this.#restart();
    if (prng.chance(0.05)) await this.#same(hashAt(this.#hashedRevision()));
    // Clients see nothing of it, so that etcd need not do it.
    if (prng.chance(0.005)) await this.#pair.detcd.client.call(MAINTENANCE_SERVICE.defragment);
    const operation = this.#maker.next(this.#pair.revision);
    if (operation.kind === "compact") await this.#compact(operation);
    else await this.#same(questionOf(operation));
  }

  /** etcd before 3.4.27 does not hash at the compacted revision itself. */
  #hashedRevision(): number {
    const revision = this.#prng.between(this.#firstRevision - 2, this.#pair.revision + 1);
    return revision === this.#store.compactedRevision ? 0 : revision;
  }

  async #same(asked: Question): Promise<number> {
    return revisionOfAnswer(await this.#pair.same(asked, this.#at));
  }

  async #compact(operation: Operation & { kind: "compact" }): Promise<void> {
    const { revision, physical } = operation.fields;
    // etcd sends an event without the pair before it when that is compacted first.
    await this.#store.compareWatched(this.#at);
    await this.#compareSomeHashes(`${this.#at}, before compaction`);
    if (await this.#same(questionOf(operation)) === 0) return;
    this.#store.compactedRevision = revision;
    this.#store.counts.compactions++;
    const restarts = this.#store.profile.restarts;
    if (restarts && !physical && this.#prng.chance(RESTART_AFTER_COMPACTION_CHANCE)) {
      await this.#restart();
    }
    const at = `${this.#at}, after compaction at ${revision}`;
    await this.#compareSomeHashes(at);
    await this.#store.compareRetained(this.#firstRevision, at);
  }

  async #compareSomeHashes(at: string): Promise<void> {
    const revisions = Array.from({ length: SOME_HASHES }, () => this.#hashedRevision());
    await this.#pair.allSame([hashAt(0), ...revisions.map(hashAt)], at);
  }

  async #compareAll(): Promise<void> {
    await this.#same(allLeases());
    await this.#same(alarms({}));
    await this.#store.compareWatched(this.#at);
    await this.#store.compareRetained(this.#firstRevision, this.#at);
    await this.#store.compareHashes(this.#firstRevision, this.#at);
  }

  /** Ends detcd between two requests, so that nothing that was answered may be missing. */
  async #restart(): Promise<void> {
    await this.#store.compareWatched(this.#at);
    const alarm = { memberId: STRANGE_MEMBER_ID, alarm: AlarmType.NOSPACE };
    const hasAlarm = this.#prng.chance(0.3);
    if (hasAlarm) await this.#same(alarms({ ...alarm, action: AlarmAction.ACTIVATE }));
    const waitMs = this.#prng.between(0, MAX_WAIT_BEFORE_RESTART_MS);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const end: EndOfProcess = this.#prng.chance(0.3) ? "SIGTERM" : "SIGKILL";
    const before = this.#at;
    this.#at = `${before}, after ${end}`;
    if (this.#prng.chance(0.3)) await compareBackendFile(this.#pair, this.#at);
    await this.#pair.detcd.restart(end);
    this.#store.counts.restarts++;
    await this.#store.watched.open(this.#pair.revision + 1);
    await this.#compareAll();
    // Refused while there is an alarm, and otherwise not.
    await this.#same(question(KV_SERVICE.put, { key: FIRST_KEY, prevKv: true }));
    if (hasAlarm) await this.#same(alarms({ ...alarm, action: AlarmAction.DEACTIVATE }));
    this.#at = before;
  }

  /** The events of some keys and of one kind, from a revision of the past. */
  async #compareOldWatches(): Promise<void> {
    const all = await this.#store.compareWatched(this.#at);
    const oldest = Math.max(this.#firstRevision, this.#store.compactedRevision + 1);
    const startRevision = this.#prng.between(oldest, this.#pair.revision);
    const key = this.#prng.pick(["0", "a", "b", "c\x00"]);
    const rangeEnd = this.#prng.pick(["", "c", "e", "\x00"]);
    const filters = this.#prng.pick<readonly number[]>([[], [FilterType.NOPUT], [
      FilterType.NODELETE,
    ]]);
    const wanted = all.filter((event) =>
      revisionOfEvent(event) >= startRevision && isInRange(event, key, rangeEnd) &&
      !filters.includes(event.type === EventType.PUT ? FilterType.NOPUT : FilterType.NODELETE)
    );
    const fields = { rangeEnd, filters: [...filters], prevKv: this.#prng.chance(0.5) };
    const watched = new WatchedPair(this.#pair, key, fields);
    await watched.open(startRevision);
    const what = Deno.inspect({ key, startRevision, ...fields });
    await watched.compareCount(wanted.length, `${this.#at}, watching ${what}`);
  }
}

function isInRange(event: Event, key: string, rangeEnd: string): boolean {
  const changed = event.kv?.key ?? "";
  if (rangeEnd === "") return changed === key;
  return changed >= key && (rangeEnd === "\x00" || changed < rangeEnd);
}
