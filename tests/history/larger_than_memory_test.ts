import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { bytesFromText } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
} from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { deleteOp, putOp, range, rangeOp } from "../harness/kv_calls.ts";
import { compareBackendFile } from "./backend_file.ts";
import { everythingAt, FIRST_KEY, hashAt } from "./common_questions.ts";
import { type Question, question } from "./question.ts";
import { seedGroups } from "./seeds.ts";
import { type EndOfProcess, type ServerPair, testPair, withServerPair } from "./server_pair.ts";
import { ALL_KEYS, WatchedPair } from "./watched_events.ts";

const MEBIBYTE = 1024 * 1024;
const BUDGET_BYTES = 4 * MEBIBYTE;
const FLAGS: readonly string[] = [
  `--value-cache-bytes=${BUDGET_BYTES}`,
  "--backend-batch-interval=10ms",
  "--snapshot-count=50",
];
const KEY_COUNT = 400;
/** Some 19 MiB: five versions of each key, more than four budgets. */
const LOAD_TXNS = 120;
const PUTS_PER_TXN = 20;
const MIN_VALUE_BYTES = 4_000;
const MAX_VALUE_BYTES = 12_000;

/** Questions that each look at values in another way. */
const FULL_READS = 5;
const SINGLE_READS = 200;
const SELECTIONS = 20;
const TXNS = 30;

function keyOf(number: number): string {
  return `key/${String(number).padStart(4, "0")}`;
}

/** A data set beyond detcd's memory, looked at in every way that needs its values. */
class LargeStore {
  readonly #pair: ServerPair;
  readonly #prng: Prng;
  readonly #seed: number;
  #oldestRevision = 1;
  #phase = "load";

  constructor(pair: ServerPair, seed: number) {
    this.#pair = pair;
    this.#prng = new Prng(seed);
    this.#seed = seed;
  }

  async load(): Promise<void> {
    await this.#same(question(KV_SERVICE.put, { key: FIRST_KEY }));
    for (let i = 0; i < LOAD_TXNS; i++) {
      const keys = this.#someKeys(PUTS_PER_TXN);
      const success = keys.map((key) => putOp(key, this.#value()));
      await this.#same(question(KV_SERVICE.txn, { success }));
      if (i % 10 === 9) {
        const fields = { key: this.#someKey(), rangeEnd: this.#someKey() };
        // Ranges of many keys would delete the data set.
        if (Math.abs(numberOf(fields.rangeEnd) - numberOf(fields.key)) < 40) {
          await this.#same(question(KV_SERVICE.deleteRange, fields));
        }
      }
    }
    for (let i = 0; i < 10; i++) {
      await this.#same(question(KV_SERVICE.deleteRange, { key: this.#someKey() }));
    }
  }

  async restartDetcd(end: EndOfProcess): Promise<void> {
    await this.#pair.detcd.restart(end);
    this.#phase = `after ${end}`;
  }

  /** Half of the history goes, and with it half of the file. */
  async compact(): Promise<void> {
    const revision = Math.floor((this.#oldestRevision + this.#pair.revision) / 2);
    await this.#same(question(KV_SERVICE.compact, { revision, physical: true }));
    this.#oldestRevision = revision + 1;
    this.#phase = "after compaction";
  }

  async defragment(): Promise<void> {
    await this.#pair.detcd.client.call(MAINTENANCE_SERVICE.defragment);
    this.#phase = "after defragmentation";
  }

  async compare(): Promise<void> {
    await this.#compareEvents(this.#oldestRevision, false);
    await this.#compareEvents(this.#someRevision(), true);
    await this.#allSame(this.#times(FULL_READS, () => everythingAt(this.#someRevision())));
    await this.#allSame(this.#times(SINGLE_READS, () => {
      const fields = { key: this.#someKey(), revision: this.#someRevision() };
      return question(KV_SERVICE.range, fields);
    }));
    await this.#allSame(this.#times(SELECTIONS, () => this.#selection()));
    for (let i = 0; i < TXNS; i++) await this.#same(await this.#txn());
    await this.#allSame([0, ...this.#times(4, () => this.#someRevision())].map(hashAt));
    await this.#same(everythingAt(0));
  }

  /** How much detcd has read from files so far, where the system tells. */
  readBytes(): number | undefined {
    const path = `/proc/${this.#pair.detcd.server.pid}/io`;
    if (!existsSync(path)) return undefined;
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(path, "latin1"))?.[1]);
  }

  async #compareEvents(startRevision: number, prevKv: boolean): Promise<void> {
    const watched = new WatchedPair(this.#pair, FIRST_KEY, { ...ALL_KEYS, prevKv });
    await watched.open(startRevision);
    const at = `${this.#at()}, watching from ${startRevision}, prevKv ${prevKv}`;
    await watched.compareUntil(this.#pair.revision, at);
    watched.cancel();
  }

  #selection(): Question {
    const prng = this.#prng;
    const fields: Partial<RangeRequest> = {
      key: this.#someKey(),
      rangeEnd: this.#someKey(),
      revision: this.#someRevision(),
      limit: prng.between(1, 30),
      keysOnly: prng.chance(0.2),
    };
    const selections: readonly Partial<RangeRequest>[] = [
      {},
      { sortTarget: SortTarget.VALUE, sortOrder: SortOrder.DESCEND },
      { sortTarget: SortTarget.VALUE, sortOrder: SortOrder.ASCEND },
      { minModRevision: this.#someRevision() },
      { maxCreateRevision: this.#someRevision() },
    ];
    return question(KV_SERVICE.range, { ...fields, ...prng.pick(selections) });
  }

  /** Compares, reads, keeps and deletes values that were written long ago. */
  async #txn(): Promise<Question> {
    const prng = this.#prng;
    const key = this.#someKey();
    const { kvs } = await range(this.#pair.etcd.client, key);
    const compare = Compare.create({
      key,
      target: CompareTarget.VALUE,
      result: prng.pick(Object.values(CompareResult)),
      value: kvs.length > 0 && prng.chance(0.7) ? kvs[0].value : bytesFromText(this.#value()),
    });
    const [one, other, third] = this.#someKeys(3);
    const ops = (): RequestOp[] => [
      rangeOp(key, { revision: this.#someRevision() }),
      kvs.length > 0
        ? putOp(key, "", { ignoreValue: true, prevKv: true })
        : putOp(key, this.#value(), { prevKv: true }),
      putOp(one, this.#value(), { prevKv: true }),
      deleteOp(other, { prevKv: true }),
      rangeOp(third),
    ];
    return question(KV_SERVICE.txn, { compare: [compare], success: ops(), failure: ops() });
  }

  #at(): string {
    return `seed ${this.#seed}, ${this.#phase}`;
  }

  async #same(asked: Question): Promise<void> {
    await this.#pair.same(asked, this.#at());
  }

  async #allSame(questions: readonly Question[]): Promise<void> {
    await this.#pair.allSame(questions, this.#at());
  }

  #times<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }

  #someKey(): string {
    return keyOf(this.#prng.between(0, KEY_COUNT - 1));
  }

  /** A transaction must not put a key twice. */
  #someKeys(count: number): string[] {
    const keys = new Set<string>();
    while (keys.size < count) keys.add(this.#someKey());
    return [...keys];
  }

  #someRevision(): number {
    return this.#prng.between(this.#oldestRevision, this.#pair.revision);
  }

  /** No two parts of it are alike, so that a piece from the wrong place is noticed. */
  #value(): string {
    const length = this.#prng.between(MIN_VALUE_BYTES, MAX_VALUE_BYTES);
    const start = this.#prng.between(1_000_000, 9_000_000);
    return Array.from({ length: Math.ceil(length / 8) }, (_, i) => start + i).join().slice(
      0,
      length,
    );
  }
}

function numberOf(key: string): number {
  return Number(key.slice(key.indexOf("/") + 1));
}

async function compareLargeStore(seed: number): Promise<void> {
  await withServerPair(FLAGS, async (pair) => {
    const store = new LargeStore(pair, seed);
    await store.load();
    await store.compare();
    await store.restartDetcd("SIGKILL");
    const readBefore = store.readBytes();
    await store.compare();
    if (readBefore !== undefined) {
      const readBytes = (store.readBytes() ?? 0) - readBefore;
      assert.ok(readBytes > 2 * BUDGET_BYTES, `detcd read ${readBytes} bytes: is all in memory?`);
    }
    await store.compact();
    await store.compare();
    await store.defragment();
    await store.compare();
    await store.restartDetcd("SIGTERM");
    await store.compare();
    await compareBackendFile(pair, `seed ${seed}`);
  });
}

for (const seed of seedGroups("1-2").flat()) {
  testPair(
    `data of four times the memory budget, seed ${seed}, is the same on etcd and detcd`,
    () => compareLargeStore(seed),
  );
}
