import { Prng } from "../../src/base/prng.ts";
import {
  AlarmAction,
  AlarmType,
  type RequestOp,
  type TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { alarms, alarmTexts, hashAt } from "./common_questions.ts";
import { type Answer, type Question, question, revisionOfAnswer } from "./question.ts";
import { type Operation, OperationMaker, questionOf } from "./random_operations.ts";
import { seedGroups } from "./seeds.ts";
import { type ServerPair, testPair, withServerPair } from "./server_pair.ts";

const OPERATIONS_PER_SEED = 400;

/** Members that nobody is, so that no server raises their alarms by itself. */
const MEMBER_IDS: readonly bigint[] = [0n, 7n, 2n ** 63n + 8n];
/** An alarm of a later version is kept and shown, and does nothing. */
const UNKNOWN_ALARM = 9;
const ALARM_TYPES: readonly number[] = [AlarmType.NOSPACE, AlarmType.CORRUPT, UNKNOWN_ALARM];

function hasPut(ops: readonly RequestOp[]): boolean {
  return ops.some((op) => op.requestPut !== undefined);
}

/** etcd before 3.6.14 lets a transaction pass a NOSPACE alarm when its puts are nested. */
function onlyNestedPuts({ success = [], failure = [] }: Partial<TxnRequest>): boolean {
  if (hasPut(success) || hasPut(failure)) return false;
  return [...success, ...failure].some(({ requestTxn }) =>
    requestTxn !== undefined &&
    (hasPut(requestTxn.success) || hasPut(requestTxn.failure) || onlyNestedPuts(requestTxn))
  );
}

/** One random history while alarms come and go. */
class AlarmHistory {
  readonly #seed: number;
  readonly #pair: ServerPair;
  readonly #prng: Prng;
  readonly #maker: OperationMaker;
  #compactedRevision = 0;
  #alarms: readonly string[] = [];
  #step = 0;

  constructor(seed: number, pair: ServerPair) {
    this.#seed = seed;
    this.#pair = pair;
    this.#prng = new Prng(seed + 1000);
    // Where no pair is left, etcd's hash depends on how far a compaction is.
    this.#maker = new OperationMaker(seed, { physicalCompactions: true });
  }

  async run(): Promise<void> {
    for (; this.#step < OPERATIONS_PER_SEED; this.#step++) {
      const dice = this.#prng.between(1, 100);
      if (dice <= 8) await this.#changeAlarm();
      else if (dice <= 20) await this.#same(hashAt(this.#hashedRevision()));
      else await this.#operate(this.#maker.next(this.#pair.revision));
    }
    for (let i = this.#compactedRevision + 1; i <= this.#pair.revision; i++) {
      await this.#same(hashAt(i));
    }
  }

  #same(asked: Question): Promise<Answer> {
    return this.#pair.same(asked, `seed ${this.#seed}, step ${this.#step}`);
  }

  async #changeAlarm(): Promise<void> {
    const request = {
      action: this.#prng.chance(0.4) ? AlarmAction.ACTIVATE : AlarmAction.DEACTIVATE,
      memberId: this.#prng.pick(MEMBER_IDS),
      alarm: this.#prng.pick(ALARM_TYPES),
    };
    // etcd 3.4 forgets a NOSPACE alarm when a CORRUPT one comes or goes.
    const other = AlarmType.NOSPACE + AlarmType.CORRUPT - request.alarm;
    if (this.#alarms.some((text) => text.startsWith(`${other} `))) return;
    await this.#same(alarms(request));
    await this.#same(alarms({}));
    this.#alarms = alarmTexts(await this.#pair.etcd.client.call(MAINTENANCE_SERVICE.alarm));
    await this.#same(alarms({ alarm: request.alarm }));
    await this.#same(question(MAINTENANCE_SERVICE.status, {}, ({ errors }) => errors.toSorted()));
  }

  /** etcd before 3.4.27 does not hash at the compacted revision itself. */
  #hashedRevision(): number {
    const revision = this.#prng.between(-1, this.#pair.revision + 1);
    return revision === this.#compactedRevision ? 0 : revision;
  }

  async #operate(operation: Operation): Promise<void> {
    const isCapped = this.#alarms.some((text) => text.startsWith(`${AlarmType.NOSPACE} `));
    if (isCapped && operation.kind === "txn" && onlyNestedPuts(operation.fields)) return;
    const answer = await this.#same(questionOf(operation));
    if (operation.kind === "compact" && revisionOfAnswer(answer) > 0) {
      this.#compactedRevision = operation.fields.revision;
    }
  }
}

for (const seed of seedGroups("1-4").flat()) {
  testPair(
    `history with alarms and hashes of seed ${seed} goes the same on etcd and detcd`,
    () => withServerPair([], (pair) => new AlarmHistory(seed, pair).run()),
  );
}
