import assert from "node:assert/strict";
import { bytesEqual, textFromBytes } from "../../src/base/bytes.ts";
import { ClientError } from "../../src/embed/client/client_error.ts";
import type { Prng } from "../../src/base/prng.ts";
import { Compare, CompareResult, CompareTarget } from "../../src/pb/etcdserverpb.ts";
import type { KeyValue } from "../../src/pb/mvccpb.ts";
import {
  deleteRange,
  type KvCaller,
  put,
  putOp,
  range,
  rangeOp,
  revisionOf,
  txn,
} from "../harness/kv_calls.ts";
import type { TargetName } from "../harness/targets.ts";
import { type KeyHistories, textOf } from "./key_histories.ts";

/** Clients that write wait for so many answers in between, so that keys have owners for a while. */
const ANSWERS_PER_WRITE = 150;

/** How many keys in a row some deletions delete. */
const NEIGHBOUR_COUNT = 3;

/** What clients of different proxies share. */
export class SharedKnowledge {
  readonly keys: readonly string[];
  readonly prng: Prng;
  /** Fail if an answer is one that no order of what happened explains. */
  readonly judgements: ((histories: KeyHistories) => void)[] = [];
  /** The newest revision that an answer has told, or that a pair in it had. */
  newestRevision = 0;
  valueCount = 0;
  /** Requests of proxies in this process that were not answered; of others, such a one fails the test. */
  failureCount = 0;

  constructor(keys: readonly string[], prng: Prng) {
    this.keys = keys;
    this.prng = prng;
  }
}

/** A client of one proxy that writes down what it is answered. */
export class ConcurrentClient {
  readonly #target: TargetName;
  readonly #client: KvCaller;
  readonly #shared: SharedKnowledge;

  constructor(target: TargetName, client: KvCaller, shared: SharedKnowledge) {
    this.#target = target;
    this.#client = client;
    this.#shared = shared;
  }

  async readUntil(endMs: number): Promise<void> {
    while (performance.now() < endMs) await this.#attempt(() => this.#readSomething());
  }

  async writeUntil(endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      await this.#attempt(() => this.#writeSomething());
      await this.#pause(endMs);
    }
  }

  async #pause(endMs: number): Promise<void> {
    const { judgements, prng } = this.#shared;
    const answerCount = judgements.length + 2 * ANSWERS_PER_WRITE * prng.fraction();
    while (judgements.length < answerCount && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What was not answered has told nothing, and may have taken place or not. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#shared.failureCount++;
    }
  }

  #readSomething(): Promise<void> {
    const { prng, keys } = this.#shared;
    const key = prng.pick(keys);
    return prng.chance(0.25) ? this.#readInTxn(key) : this.#read(key);
  }

  #writeSomething(): Promise<void> {
    const { prng, keys } = this.#shared;
    const key = prng.pick(keys);
    const choice = prng.between(0, 7);
    if (choice < 4) return this.#put(key);
    if (choice < 5) return this.#delete(key);
    return choice < 6 ? this.#deleteInterval(key) : this.#putIfSame(key);
  }

  async #read(key: string): Promise<void> {
    const floorRevision = this.#shared.newestRevision;
    const answer = await range(this.#client, key);
    this.#saw("range", key, answer.kvs.at(0), floorRevision, revisionOf(answer));
  }

  async #readInTxn(key: string): Promise<void> {
    const floorRevision = this.#shared.newestRevision;
    const target = { key, target: CompareTarget.MOD, result: CompareResult.GREATER };
    const answer = await txn(this.#client, {
      compare: [Compare.create({ ...target, modRevision: 0 })],
      success: [rangeOp(key)],
      failure: [rangeOp(key)],
    });
    const pair = answer.responses[0].responseRange?.kvs.at(0);
    assert.equal(pair !== undefined, answer.succeeded);
    this.#saw("read in a txn", key, pair, floorRevision, revisionOf(answer));
  }

  async #put(key: string): Promise<void> {
    const floorRevision = this.#shared.newestRevision;
    const value = this.#newValue();
    const revision = revisionOf(await put(this.#client, key, value));
    this.#wrote("put", key, value, floorRevision, revision);
  }

  async #delete(key: string): Promise<void> {
    const floorRevision = this.#shared.newestRevision;
    const answer = await deleteRange(this.#client, key);
    const revision = revisionOf(answer);
    if (answer.deleted > 0) this.#wrote("delete", key, undefined, floorRevision, revision);
    // etcd's proxy may have deleted it before, and told only of its second attempt.
    else this.#saw("delete", key, undefined, floorRevision, revision);
  }

  /** Deletes some neighbours at once. */
  async #deleteInterval(key: string): Promise<void> {
    const { keys, newestRevision: floorRevision } = this.#shared;
    const start = keys.indexOf(key);
    const deletedKeys = keys.slice(start, start + NEIGHBOUR_COUNT);
    const rangeEnd = `${deletedKeys[deletedKeys.length - 1]}\0`;
    const answer = await deleteRange(this.#client, key, { rangeEnd });
    const revision = revisionOf(answer);
    this.#learn(revision);
    this.#shared.judgements.push((histories) => {
      assert(revision >= floorRevision, `deletion at ${revision} when ${floorRevision} was known`);
      const states = deletedKeys.map((one) => histories.at(one, revision));
      for (const state of states) assert.equal(state?.pair, undefined);
      // etcd's proxy may tell only of a second attempt.
      const count = states.filter((state) => state?.from === revision).length;
      if (answer.deleted > 0) assert.equal(answer.deleted, count);
    });
  }

  /** A transaction that depends on what was read before it. */
  async #putIfSame(key: string): Promise<void> {
    const [seen] = (await range(this.#client, key)).kvs;
    const floorRevision = this.#shared.newestRevision;
    const modRevision = seen?.modRevision ?? 0;
    const value = this.#newValue();
    const target = { key, target: CompareTarget.MOD, result: CompareResult.EQUAL };
    const answer = await txn(this.#client, {
      compare: [Compare.create({ ...target, modRevision })],
      success: [putOp(key, value)],
      failure: [rangeOp(key)],
    });
    const revision = revisionOf(answer);
    if (!answer.succeeded) {
      const pair = answer.responses[0].responseRange?.kvs.at(0);
      this.#saw("refused txn", key, pair, floorRevision, revision);
      return;
    }
    this.#wrote("txn", key, value, floorRevision, revision);
    this.#shared.judgements.push((histories) => {
      const before = histories.at(key, revision - 1)?.pair?.modRevision ?? 0;
      assert.equal(before, modRevision, `what the txn of ${key} at ${revision} depended on`);
    });
  }

  #saw(
    what: string,
    key: string,
    pair: KeyValue | undefined,
    floorRevision: number,
    revision: number,
  ): void {
    this.#learn(Math.max(revision, pair?.modRevision ?? 0));
    const isOurs = this.#target === "detcd";
    const isSame = isOurs ? isSamePair : isSameButForVersion;
    // On a busy machine, etcd's proxy now and then answers what was true a little before.
    const oldestRevision = isOurs ? floorRevision : 0;
    this.#shared.judgements.push((histories) => {
      if (histories.seen(key, pair, oldestRevision, isSame) !== undefined) return;
      const states = histories.of(key).map(({ from, to, pair }) =>
        `${from}..${to} ${textOf(pair)}`
      );
      assert.fail(
        `${what} of ${key} by ${this.#target} saw ${textOf(pair)} when revision ${floorRevision} ` +
          `was known; all its states were:\n${states.join("\n")}`,
      );
    });
  }

  #wrote(
    what: string,
    key: string,
    value: string | undefined,
    floorRevision: number,
    revision: number,
  ): void {
    this.#learn(revision);
    const title = `${what} of ${key} by ${this.#target} at ${revision}`;
    this.#shared.judgements.push((histories) => {
      assert(revision > floorRevision, `${title} when ${floorRevision} was known`);
      const state = histories.begunAt(key, revision);
      assert(state !== undefined, `${title} took place`);
      assert.equal(state.pair && textFromBytes(state.pair.value), value, title);
    });
  }

  #newValue(): string {
    return `value ${this.#shared.valueCount++}`;
  }

  #learn(revision: number): void {
    this.#shared.newestRevision = Math.max(this.#shared.newestRevision, revision);
  }
}

function isSamePair(a: KeyValue, b: KeyValue): boolean {
  return isSameButForVersion(a, b) && a.version === b.version;
}

/** etcd's proxy puts keys twice that it does not own, and may count that wrong in its cache. */
function isSameButForVersion(a: KeyValue, b: KeyValue): boolean {
  return a.createRevision === b.createRevision && a.modRevision === b.modRevision &&
    a.lease === b.lease && bytesEqual(a.value, b.value);
}
