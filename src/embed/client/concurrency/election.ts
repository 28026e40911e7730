import { bytesEqual, latin1FromBytes } from "../../../base/bytes.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { Client } from "../client.ts";
import { ClientError } from "../client_error.ts";
import type { KeyValue } from "../kv/key_value.ts";
import { type BytesLike, keyText, toBytes } from "../kv/keys.ts";
import { compare, type Condition, op } from "../kv/txn.ts";
import type { CallOptions } from "../transport/transport.ts";
import { WatchCompactedError } from "../watch/watch.ts";
import { leaveQueue, Queue, waitInPlace } from "./queue.ts";
import { type Session, type SessionOptions, takeInSession } from "./session.ts";

/** How an election is observed. */
export interface ObserveOptions {
  /** Ends the loop when it is aborted; it throws a ClientError with code Canceled. */
  readonly signal?: AbortSignal;
}

/**
 * An election of one leader at a time, who leads until it resigns or its session ends; then the
 * one leads who has waited longest. It works together with `etcdctl elect`, with Go's
 * `concurrency.Election` and with the service Election under the same name.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * const election = client.election("scheduler");
 *
 * await using leadership = await election.campaign("host-1");
 * await leadership.proclaim("host-1:8080");
 * const leader = await election.leader();
 * if (leader?.text !== "host-1:8080") throw new Error("somebody else leads");
 *
 * for await (const { text } of election.observe()) {
 *   if (text === "host-1:8080") break;
 * }
 * ```
 */
export class Election {
  readonly #client: Client;
  readonly #queue: Queue;
  readonly #session: Session | undefined;

  /** Use {@linkcode Client.election} or {@linkcode Session.election}. */
  constructor(client: Client, name: BytesLike, session?: Session) {
    this.#client = client;
    this.#queue = new Queue(client, name);
    this.#session = session;
  }

  /**
   * Stands for election and waits until it leads, saying `value`. Without a session of its own it
   * begins one for this candidature alone, for which the options are. Rejects with DeadlineExceeded
   * when `timeoutMs` is over, with Canceled when the signal is aborted, and with FailedPrecondition
   * when the session's lease is lost meanwhile; nobody can be elected by it then.
   */
  async campaign(value: BytesLike, options: SessionOptions = {}): Promise<Leadership> {
    return await takeInSession(
      this.#client,
      this.#session,
      options,
      (session) => this.#campaign(session, value, options),
    );
  }

  /**
   * The leadership of a session that was elected before, perhaps by another program that handed on
   * its lease and the key and revision of {@linkcode Leadership}. Nothing is asked of the server.
   * Throws FailedPrecondition when this election has no session.
   */
  resume(key: BytesLike, createRevision: number): Leadership {
    if (this.#session === undefined) throw notLeader();
    return this.#leadership(this.#session, toBytes(key), createRevision);
  }

  /** The pair of who leads: its value is what the leader says. Undefined while nobody leads. */
  async leader(options: CallOptions = {}): Promise<KeyValue | undefined> {
    const { kvs } = await this.#queue.first(options);
    return kvs.at(0);
  }

  /**
   * Tells who leads, what the leader proclaims, and who leads next, without end. A leader that did
   * not lead for long may be left out.
   */
  async *observe(options: ObserveOptions = {}): AsyncGenerator<KeyValue, void, void> {
    for (;;) {
      try {
        const leader = await this.#nextLeader(options);
        yield leader.pair;
        yield* this.#proclamations(leader.pair, leader.revision, options);
      } catch (error) {
        // A loop that is slow, and a compaction meanwhile: it goes on with the leader of now.
        if (!(error instanceof WatchCompactedError)) throw error;
      }
    }
  }

  /** The pair in front, or the first that comes, and the revision up to which that is true. */
  async #nextLeader(
    options: ObserveOptions,
  ): Promise<{ readonly pair: KeyValue; readonly revision: number }> {
    const { kvs, revision } = await this.#queue.first(options);
    if (kvs.length > 0) return { pair: kvs[0], revision };
    await using watch = this.#client.watch(this.#queue.prefix, {
      prefix: true,
      startRevision: revision + 1,
      noDelete: true,
      ...options,
    });
    for await (const { events } of watch) {
      const pair = events.at(0)?.kv;
      if (pair !== undefined) return { pair, revision: pair.modRevision };
    }
    throw new ClientError(GrpcCode.Canceled, "the client is closed");
  }

  async *#proclamations(
    leader: KeyValue,
    revision: number,
    options: ObserveOptions,
  ): AsyncGenerator<KeyValue, void, void> {
    const startRevision = revision + 1;
    await using watch = this.#client.watch(leader.keyBytes, { startRevision, ...options });
    for await (const { events } of watch) {
      for (const { type, kv } of events) {
        if (type === "delete") return;
        yield kv;
      }
    }
  }

  async #campaign(
    session: Session,
    value: BytesLike,
    options: CallOptions,
  ): Promise<Leadership> {
    return await session.within("election", options, async (signal) => {
      return await waitInPlace(
        this.#stand(session, toBytes(value)),
        signal,
        (leadership) => this.#queue.untilFirst(leadership, signal),
        (leadership) => leadership.withdraw(),
      );
    });
  }

  async #stand(session: Session, value: Uint8Array): Promise<Leadership> {
    const { keyBytes, createRevision, present } = await this.#queue.take(session.id, value, {});
    const leadership = this.#leadership(session, keyBytes, createRevision);
    if (present !== undefined && !bytesEqual(present.value, value)) {
      await leadership.proclaim(value);
    }
    return leadership;
  }

  #leadership(session: Session, key: Uint8Array, createRevision: number): Leadership {
    const ownSession = session === this.#session ? undefined : session;
    return new Leadership(this.#client, session, key, createRevision, ownSession);
  }
}

/**
 * What an elected leader can do, until it resigns or is disposed of or its session ends.
 *
 * @example Only the leader may write
 * ```ts
 * import { newMemoryConfig, op, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 *
 * await using leadership = await client.election("boss").campaign("ada");
 * const { succeeded } = await client.txn()
 *   .if(leadership.isLeader)
 *   .success(op.put("jobs/next", "7"))
 *   .commit();
 * if (!succeeded) throw new Error("somebody else leads");
 * ```
 */
export class Leadership implements AsyncDisposable {
  /** The bytes of the key that stands for the leader. */
  readonly keyBytes: Uint8Array;
  /** The revision at which that key was made; grows with every leader: a fencing token. */
  readonly createRevision: number;
  readonly #client: Client;
  readonly #session: Session;
  readonly #ownSession: Session | undefined;

  /** Use {@linkcode Election.campaign}. `ownSession` is what ends with the leadership. */
  constructor(
    client: Client,
    session: Session,
    keyBytes: Uint8Array,
    createRevision: number,
    ownSession: Session | undefined,
  ) {
    this.#client = client;
    this.#session = session;
    this.keyBytes = keyBytes;
    this.createRevision = createRevision;
    this.#ownSession = ownSession;
  }

  /** The key that stands for the leader, as text. */
  get key(): string {
    return keyText(latin1FromBytes(this.keyBytes));
  }

  /** Holds as long as this one leads: for transactions that nobody else may make. */
  get isLeader(): Condition {
    return compare.createRevision(this.keyBytes, "=", this.createRevision);
  }

  /** Aborted when the session's lease is lost, and the leadership with it. */
  get lost(): AbortSignal {
    return this.#session.lost;
  }

  /** Says something new. Rejects with FailedPrecondition when this one does not lead any more. */
  async proclaim(value: BytesLike, options: CallOptions = {}): Promise<void> {
    const { succeeded } = await this.#client.txn()
      .if(this.isLeader)
      .success(op.put(this.keyBytes, value, { lease: this.#session.id }))
      .commit(options);
    if (!succeeded) throw notLeader();
  }

  /** Leads no longer; who does not lead any more is no error. */
  async resign(): Promise<void> {
    if (this.#ownSession === undefined) await this.withdraw();
    else await this.#ownSession.close();
  }

  /**
   * Takes the key out of the queue.
   *
   * @internal
   */
  async withdraw(): Promise<void> {
    await leaveQueue(this.#client, this);
  }

  /** Resigns. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign();
  }
}

function notLeader(): ClientError {
  return new ClientError(GrpcCode.FailedPrecondition, "election: not leader");
}
