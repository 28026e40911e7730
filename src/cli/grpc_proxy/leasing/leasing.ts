import { bytesEqual } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { EtcdError } from "../../../core/errors.ts";
import { checkDeleteRange, checkPut, checkTxn } from "../../../core/mvcc/request_checks.ts";
import { refusalError } from "../../../embed/client/client_error.ts";
import {
  type DeleteRangeRequest,
  DeleteRangeResponse,
  type PutRequest,
  PutResponse,
  type RangeRequest,
  RangeResponse,
  RequestOp,
  type TxnRequest,
  TxnResponse,
} from "../../../pb/etcdserverpb.ts";
import { type Event, EventType } from "../../../pb/mvccpb.ts";
import type { Asker } from "../asker.ts";
import type { KvServers } from "../kv_servers.ts";
import type { ServerCalls } from "../upstream.ts";
import { UpstreamTransport } from "../upstream_transport.ts";
import { GuardedWrites, type WrittenResult } from "./guarded_writes.ts";
import { targetsOf } from "./key_changes.ts";
import { callerKeyOf, LeasedReads } from "./leased_reads.ts";
import { LEASING_LIMITS } from "./limits.ts";
import { LeasingNames } from "./names.ts";
import { NewestHeader } from "./newest_header.ts";
import { type LeasingEvent, OwnedKeys } from "./owned_keys.ts";
import { Releases } from "./releases.ts";
import { Revocation, REVOKE } from "./revocation.ts";
import { LeasingSession } from "./session.ts";

/** Whose keys are leased, and how. */
export interface LeasingParts {
  readonly servers: KvServers;
  readonly upstream: ServerCalls;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What stands before all keys, and what before leasing keys behind that. */
  readonly namespace: string;
  readonly prefix: string;
  /** How long ownership outlives a proxy that has died; etcd's 60 s if it is left out. */
  readonly ttlSeconds?: number;
}

/**
 * Linearizable reads from memory, by etcd's protocol of leased keys: a key that is read becomes this
 * proxy's own, which it says in a key of its lease; a proxy that wants to write it asks for it first.
 */
export class Leasing implements KvServers {
  readonly #servers: KvServers;
  readonly #names: LeasingNames;
  readonly #newest = new NewestHeader();
  readonly #keys: OwnedKeys;
  readonly #releases: Releases;
  readonly #session: LeasingSession;
  readonly #reads: LeasedReads;
  readonly #writes: GuardedWrites;

  constructor(parts: LeasingParts) {
    const { servers, upstream, clock, logger } = parts;
    const names = new LeasingNames(parts.namespace, parts.prefix);
    const keys = new OwnedKeys(clock, (key, revision) => this.#releases.release(key, revision));
    this.#servers = servers;
    this.#names = names;
    this.#keys = keys;
    this.#releases = new Releases({
      servers,
      names,
      clock,
      refused: (error) => {
        logger.warn("the servers do not take back a leased key; all are given up", { error });
        this.#session.restart();
      },
    });
    this.#session = new LeasingSession({
      transport: new UpstreamTransport(upstream),
      clock,
      names,
      logger,
      ttlSeconds: parts.ttlSeconds ?? LEASING_LIMITS.sessionTtlSeconds,
      changed: (events) => this.#changed(events),
      ended: () => {
        keys.clear();
        this.#releases.clear();
      },
    });
    this.#reads = new LeasedReads({
      servers,
      names,
      keys,
      newest: this.#newest,
      clock,
      lease: () => this.#session.certainLease,
      leaseLost: () => this.#session.restart(),
    });
    const revocation = new Revocation(servers, upstream, clock);
    const lease = () => this.#session.lease;
    this.#writes = new GuardedWrites({ servers, names, keys, revocation, lease });
  }

  /** Begins to own keys as soon as the servers allow it. */
  start(): void {
    this.#session.start();
  }

  /** Gives all keys back. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  /** How many keys are owned. */
  get ownedKeyCount(): number {
    return this.#keys.size;
  }

  /** How many bytes are kept of their pairs. */
  get cachedBytes(): number {
    return this.#keys.cachedBytes;
  }

  /** How many reads were answered without the servers. */
  get answerCount(): number {
    return this.#reads.answerCount;
  }

  /** The answer to a read, if the servers need not be asked. */
  known(asker: Asker, request: RangeRequest): Uint8Array | undefined {
    const answer = this.#reads.known(callerKeyOf(asker), request);
    return answer && RangeResponse.encode(answer);
  }

  range(asker: Asker, request: RangeRequest): Promise<Uint8Array> {
    return this.#reads.range(asker, request);
  }

  async put(asker: Asker, requestPut: PutRequest): Promise<Uint8Array> {
    const { header, response } = await this.#write(asker, RequestOp.create({ requestPut }));
    return PutResponse.encode({ ...(response.responsePut ?? PutResponse.create()), header });
  }

  async deleteRange(asker: Asker, requestDeleteRange: DeleteRangeRequest): Promise<Uint8Array> {
    const op = RequestOp.create({ requestDeleteRange });
    const { header, response } = await this.#write(asker, op);
    const deleted = response.responseDeleteRange ?? DeleteRangeResponse.create();
    return DeleteRangeResponse.encode({ ...deleted, header });
  }

  async txn(asker: Asker, requestTxn: TxnRequest): Promise<Uint8Array> {
    const answer = await this.#reads.txn(asker, requestTxn);
    if (answer !== undefined) return TxnResponse.encode(answer);
    const op = RequestOp.create({ requestTxn });
    const { keys, intervals } = targetsOf(op);
    if (keys.size + intervals.length === 0) {
      const bytes = await this.#servers.txn(asker, requestTxn);
      this.#newest.noteResponse(bytes);
      return bytes;
    }
    const { header, response } = await this.#write(asker, op);
    return TxnResponse.encode({ ...(response.responseTxn ?? TxnResponse.create()), header });
  }

  async #write(asker: Asker, op: RequestOp): Promise<WrittenResult> {
    checkWrite(op);
    const result = await this.#writes.write(asker, op);
    this.#newest.note(result.header);
    return result;
  }

  #changed(events: readonly Event[]): void {
    const { lease } = this.#session;
    for (const event of events) {
      const heard = heardOf(event, lease, this.#names);
      if (heard !== undefined) this.#keys.heard(heard);
    }
  }
}

/**
 * Rejects what no server would do before others are asked for keys. How many operations are too many is
 * for the servers to say.
 */
function checkWrite({ requestPut, requestDeleteRange, requestTxn }: RequestOp): void {
  try {
    if (requestPut !== undefined) checkPut(requestPut);
    if (requestDeleteRange !== undefined) checkDeleteRange(requestDeleteRange);
    if (requestTxn !== undefined) checkTxn(requestTxn, Infinity);
  } catch (error) {
    throw error instanceof EtcdError ? refusalError(error) : error;
  }
}

/** What a change of a leasing key means to the proxy with this lease; undefined: nothing. */
function heardOf(
  { type, kv }: Event,
  lease: bigint | undefined,
  names: LeasingNames,
): LeasingEvent | undefined {
  if (kv === undefined) return undefined;
  const { createRevision, modRevision: revision } = kv;
  const key = names.keyOf(kv.key);
  if (type === EventType.DELETE || kv.lease !== lease) return { key, revision, kind: "gone" };
  if (bytesEqual(kv.value, REVOKE)) return { key, revision, kind: "revoked" };
  return createRevision === revision ? { key, revision, kind: "acquired" } : undefined;
}
