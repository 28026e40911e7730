import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import {
  AlarmAction,
  type AlarmRequest,
  type AlarmResponse,
  AlarmType,
  type HashKVResponse,
  type RequestOp,
  type TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import type { GrpcClient } from "../harness/grpc_client.ts";
import { outcome, outcomeOf, revisionOfOutcome, type Side, testSeeds } from "./history_side.ts";
import { type Operation, OperationMaker } from "./random_operations.ts";

const OPERATIONS_PER_SEED = 400;
const SEEDS: readonly number[] = (Deno.env.get("HISTORY_SEEDS") ?? "1,2,3,4").split(",")
  .map(Number);

/** Members that nobody is, so that no server raises their alarms by itself. */
const MEMBER_IDS: readonly bigint[] = [0n, 7n, 2n ** 63n + 8n];
/** An alarm of a later version is kept and shown, and does nothing. */
const UNKNOWN_ALARM = 9;
const ALARM_TYPES: readonly number[] = [AlarmType.NOSPACE, AlarmType.CORRUPT, UNKNOWN_ALARM];

/** Everything but the header and the field that etcd 3.4 does not have. */
async function hashKv(client: GrpcClient, revision: number): Promise<Partial<HashKVResponse>> {
  const response = await client.call(MAINTENANCE_SERVICE.hashKv, { revision });
  return {
    header: response.header,
    hash: response.hash,
    compactRevision: response.compactRevision,
  };
}

function textOf({ alarms }: AlarmResponse): string[] {
  // etcd lists them in the order of a Go map.
  return alarms.map(({ memberId, alarm }) => `${alarm} of ${memberId}`).sort();
}

async function alarm(client: GrpcClient, fields: Partial<AlarmRequest>): Promise<string[]> {
  return textOf(await client.call(MAINTENANCE_SERVICE.alarm, fields));
}

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

/** One random history; `first` is real etcd. */
class MaintenanceHistory {
  readonly #seed: number;
  readonly #sides: readonly Side[];
  readonly #prng: Prng;
  readonly #maker: OperationMaker;
  #revision = 1;
  #compactedRevision = 0;
  #alarms: string[] = [];
  #step = 0;

  constructor(seed: number, sides: readonly Side[]) {
    this.#seed = seed;
    this.#sides = sides;
    this.#prng = new Prng(seed + 1000);
    this.#maker = new OperationMaker(seed);
  }

  async run(): Promise<void> {
    for (; this.#step < OPERATIONS_PER_SEED; this.#step++) {
      const dice = this.#prng.between(1, 100);
      if (dice <= 8) await this.#changeAlarm();
      else if (dice <= 20) await this.#hash(this.#hashedRevision());
      else await this.#operate(this.#maker.next(this.#revision));
    }
    for (let i = this.#compactedRevision + 1; i <= this.#revision; i++) await this.#hash(i);
  }

  async #same(what: unknown, act: (client: GrpcClient) => Promise<unknown>): Promise<unknown> {
    const [first, second] = await Promise.all(this.#sides.map(({ client }) => act(client)));
    const shown = Deno.inspect(what, { depth: 10 });
    assert.deepEqual(second, first, `seed ${this.#seed}, step ${this.#step}: ${shown}`);
    return first;
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
    await this.#same(request, (client) => alarm(client, request));
    await this.#same("all alarms", (client) => alarm(client, {}));
    this.#alarms = await alarm(this.#sides[0].client, {});
    await this.#same("some alarms", (client) => alarm(client, { alarm: request.alarm }));
    await this.#same("the errors in the status", async (client) => {
      const { errors } = await client.call(MAINTENANCE_SERVICE.status);
      return errors.toSorted();
    });
  }

  /** etcd before 3.4.27 does not hash at the compacted revision itself. */
  #hashedRevision(): number {
    const revision = this.#prng.between(-1, this.#revision + 1);
    return revision === this.#compactedRevision ? 0 : revision;
  }

  async #hash(revision: number): Promise<void> {
    await this.#same(`hash at ${revision}`, (client) => outcomeOf(hashKv(client, revision)));
  }

  async #operate(operation: Operation): Promise<void> {
    const isCapped = this.#alarms.some((text) => text.startsWith(`${AlarmType.NOSPACE} `));
    if (isCapped && operation.kind === "txn" && onlyNestedPuts(operation.fields)) return;
    const result = await this.#same(operation, (client) => outcome(client, operation));
    const revision = revisionOfOutcome(result);
    this.#revision = Math.max(this.#revision, revision);
    if (operation.kind === "compact" && revision > 0) {
      this.#compactedRevision = operation.fields.revision;
    }
  }
}

testSeeds(
  "history with alarms and hashes",
  SEEDS,
  (seed, sides) => new MaintenanceHistory(seed, sides).run(),
);
