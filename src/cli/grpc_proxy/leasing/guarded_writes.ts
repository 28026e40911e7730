import {
  RangeRequest,
  RangeResponse,
  type RequestOp,
  type ResponseHeader,
  type ResponseOp,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../../pb/mvccpb.ts";
import type { Asker } from "../asker.ts";
import { contains, type KeyInterval, overlaps } from "../key_interval.ts";
import type { KvServers } from "../kv_servers.ts";
import { isRefusal, statusOf } from "../upstream.ts";
import { fitsGuardsOfKeys, type Guard, guardedTxn, hullOf, ownResponse } from "./guards.ts";
import { changesOf, type KeyChange, targetsOf, type WriteTargets } from "./key_changes.ts";
import { LEASING_LIMITS } from "./limits.ts";
import type { LeasingNames } from "./names.ts";
import type { OwnedKeys } from "./owned_keys.ts";
import type { Revocation } from "./revocation.ts";
import type { WriteClaim } from "./write_claim.ts";

/** What writes of this proxy meet on their way. */
interface GuardedWriteParts {
  readonly servers: KvServers;
  readonly names: LeasingNames;
  readonly keys: OwnedKeys;
  readonly revocation: Revocation;
  /** The lease of this proxy's ownerships, if there is one. */
  lease(): bigint | undefined;
}

/** How a write was answered. */
export interface WrittenResult {
  readonly header: ResponseHeader | undefined;
  readonly response: ResponseOp;
}

/**
 * Writes through to the servers, in transactions that do nothing while another proxy owns a key that
 * they write. Owners are asked to let go, and the write is tried again.
 */
export class GuardedWrites {
  readonly #parts: GuardedWriteParts;

  constructor(parts: GuardedWriteParts) {
    this.#parts = parts;
  }

  /** Does one operation that writes. */
  async write(asker: Asker, op: RequestOp): Promise<WrittenResult> {
    const { keys } = this.#parts;
    const targets = guardableTargets(op);
    keys.beginWrite(targets);
    try {
      await keys.untilAcquired(targets);
      return await this.#untilDone(asker, op, targets);
    } finally {
      keys.endWrite(targets);
    }
  }

  async #untilDone(asker: Asker, op: RequestOp, targets: WriteTargets): Promise<WrittenResult> {
    const { keys, revocation } = this.#parts;
    for (;;) {
      const guards: Guard[] = [];
      for (const interval of targets.intervals) guards.push(await this.#guardOf(asker, interval));
      const claim = keys.claim(targets);
      for (const key of targets.keys) guards.push(this.#guardOfKey(key, claim));
      const answer = await this.#send(asker, op, guards, claim);
      if (answer.succeeded) return { header: answer.header, response: ownResponse(op, answer) };
      const owners = answer.responses.flatMap(({ responseRange }) => responseRange?.kvs ?? []);
      await revocation.revokeAll(asker, owners.filter((owner) => !this.#isOwn(owner)));
    }
  }

  async #send(
    asker: Asker,
    op: RequestOp,
    guards: readonly Guard[],
    claim: WriteClaim,
  ): Promise<TxnResponse> {
    let answer: TxnResponse;
    try {
      answer = TxnResponse.decode(await this.#parts.servers.txn(asker, guardedTxn(guards, op)));
    } catch (error) {
      if (isRefusal(statusOf(error).code)) claim.settle([], 0);
      else claim.abandon();
      throw error;
    }
    const changes = answer.succeeded ? changesOf(op, ownResponse(op, answer)) : [];
    claim.settle(changes, answer.header?.revision ?? 0);
    this.#dropOverwritten(changes);
    return answer;
  }

  #guardOfKey(key: string, claim: WriteClaim): Guard {
    const interval = { key: this.#parts.names.leasingKeyOf(key), rangeEnd: "" };
    return { interval, revision: claim.createRevisionOf(key) };
  }

  /**
   * Asks all others who own keys of an interval to let go. Whoever owns one behind the moment of the
   * first look must not be passed over.
   */
  async #guardOf(asker: Asker, interval: KeyInterval): Promise<Guard> {
    const { names, servers, revocation } = this.#parts;
    const leasing = names.leasingIntervalOf(interval);
    const limit = LEASING_LIMITS.listedKeys;
    let revision = 0;
    for (let key = leasing.key;;) {
      const request = RangeRequest.create({ key, rangeEnd: leasing.rangeEnd, limit });
      const { header, kvs, more } = RangeResponse.decode(await servers.range(asker, request));
      revision ||= header?.revision ?? 0;
      await revocation.revokeAll(asker, kvs.filter((owner) => !this.#isOwn(owner)));
      if (!more) return { interval: leasing, revision };
      key = `${kvs[kvs.length - 1].key}\0`;
    }
  }

  /** Whether a leasing key stands for an ownership that this proxy knows of. */
  #isOwn({ key, lease, createRevision }: KeyValue): boolean {
    const { names, keys } = this.#parts;
    return lease === this.#parts.lease() &&
      keys.get(names.keyOf(key))?.createRevision === createRevision;
  }

  /** A write may have met leasing keys themselves, if it wrote all keys that there are. */
  #dropOverwritten(changes: readonly KeyChange[]): void {
    const { names, keys } = this.#parts;
    for (const { interval } of changes) {
      if (!overlaps(interval, names.all)) continue;
      keys.dropWhere((key) => contains(interval, names.leasingKeyOf(key)));
    }
  }
}

/** What an operation may write; as one interval, if there are too many keys to look at each. */
function guardableTargets(op: RequestOp): WriteTargets {
  const targets = targetsOf(op);
  if (fitsGuardsOfKeys(op, targets)) return targets;
  return { keys: new Set(), intervals: [hullOf(targets)] };
}
