import { latin1FromBytes } from "../../../base/bytes.ts";
import type { Client } from "../client.ts";
import { type BytesLike, keyText } from "../kv/keys.ts";
import { compare, type Condition } from "../kv/txn.ts";
import type { CallOptions } from "../transport/transport.ts";
import { unlessAborted } from "../waiting.ts";
import { leaveQueue, type Place, Queue, sessionExpired, waitInPlace } from "./queue.ts";
import { type Session, type SessionOptions, takeInSession } from "./session.ts";

/** A place in the queue of a lock. */
interface LockPlace extends Place {
  /** Whether it was not there before: the session might hold the lock already. */
  readonly isNew: boolean;
  readonly isFirst: boolean;
}

/**
 * A lock that one at a time holds in the whole cluster: those who wait get it in the order in which
 * they came. It contends with `etcdctl lock`, with Go's `concurrency.Mutex` and with the service
 * Lock under the same name. Within one session it is held by all who lock it.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * await using session = await client.session();
 * const mutex = session.mutex("accounts");
 * {
 *   await using lock = await mutex.lock();
 *   await client.txn().if(lock.isOwner).success().commit();
 * }
 * const again = await mutex.tryLock();
 * if (again === undefined) throw new Error("not released");
 * await again.release();
 * ```
 */
export class Mutex {
  readonly #client: Client;
  readonly #queue: Queue;
  readonly #session: Session | undefined;

  /** Use {@linkcode Session.mutex}, {@linkcode Client.lock} or {@linkcode Client.tryLock}. */
  constructor(client: Client, name: BytesLike, session?: Session) {
    this.#client = client;
    this.#queue = new Queue(client, name);
    this.#session = session;
  }

  /**
   * Waits until it holds the lock. Without a session of its own it begins one for this lock alone,
   * for which the options are. Rejects with DeadlineExceeded when `timeoutMs` is over, with Canceled
   * when the signal is aborted, and with FailedPrecondition when the session's lease is lost
   * meanwhile; nothing is left in the queue then.
   */
  async lock(options: SessionOptions = {}): Promise<HeldLock> {
    return await takeInSession(this.#client, this.#session, options, async (session) => {
      return await session.within("mutex", options, async (signal) => {
        const place = await waitInPlace(
          this.#enter(session, {}),
          signal,
          (entered) => this.#untilHeld(entered, signal),
          (entered) => this.#giveUp(entered),
        );
        return this.#held(session, place);
      });
    });
  }

  /**
   * Takes the lock if nobody holds it; resolves with undefined if somebody does. Rejects as
   * {@linkcode Mutex.lock} does.
   */
  async tryLock(options: SessionOptions = {}): Promise<HeldLock | undefined> {
    return await takeInSession(this.#client, this.#session, options, async (session) => {
      const place = await session.within("mutex", options, (signal) => {
        return unlessAborted(this.#enter(session, {}), signal, (late) => this.#giveUp(late));
      });
      if (place.isFirst) return this.#held(session, place);
      await this.#giveUp(place);
      return undefined;
    });
  }

  async #enter(session: Session, options: CallOptions): Promise<LockPlace> {
    const { keyBytes, createRevision, present, alongside: [first] } = await this.#queue
      .take(session.id, "", options, this.#queue.findFirst);
    const isFirst = first.createRevision === createRevision;
    return { keyBytes, createRevision, isNew: present === undefined, isFirst };
  }

  async #untilHeld(place: LockPlace, signal: AbortSignal): Promise<void> {
    if (place.isFirst) return;
    await this.#queue.untilFirst(place, signal);
    const pair = await this.#client.get(place.keyBytes, { signal });
    if (pair?.createRevision !== place.createRevision) throw sessionExpired("mutex");
  }

  async #giveUp(place: LockPlace): Promise<void> {
    if (place.isNew) await leaveQueue(this.#client, place);
  }

  #held(session: Session, place: Place): HeldLock {
    return new HeldLock(place.keyBytes, place.createRevision, session, async () => {
      if (session === this.#session) await leaveQueue(this.#client, place);
      else await session.close();
    });
  }
}

/** A lock that is held, until it is released or disposed of or its session ends. */
export class HeldLock implements AsyncDisposable {
  /** The bytes of the key that stands for the lock. */
  readonly keyBytes: Uint8Array;
  /** The revision at which that key was made; grows with every holder: a fencing token. */
  readonly createRevision: number;
  readonly #session: Session;
  readonly #release: () => Promise<void>;
  #released: Promise<void> | undefined;

  /** Use {@linkcode Mutex.lock} or {@linkcode Client.lock}. */
  constructor(
    keyBytes: Uint8Array,
    createRevision: number,
    session: Session,
    release: () => Promise<void>,
  ) {
    this.keyBytes = keyBytes;
    this.createRevision = createRevision;
    this.#session = session;
    this.#release = release;
  }

  /** The key that stands for the lock, as text. */
  get key(): string {
    return keyText(latin1FromBytes(this.keyBytes));
  }

  /**
   * Holds as long as the lock is held: for transactions that nobody else may make.
   *
   * @example
   * ```ts
   * import { newMemoryConfig, op, startEtcd } from "@detcd/detcd";
   *
   * await using etcd = await startEtcd(newMemoryConfig());
   * await using client = etcd.client();
   *
   * await using lock = await client.lock("jobs");
   * const { succeeded } = await client.txn()
   *   .if(lock.isOwner)
   *   .success(op.put("jobs-done", "1"))
   *   .commit();
   * if (!succeeded) throw new Error("the lock was lost");
   * ```
   */
  get isOwner(): Condition {
    return compare.createRevision(this.keyBytes, "=", this.createRevision);
  }

  /** Aborted when the session's lease is lost, and the lock with it. */
  get lost(): AbortSignal {
    return this.#session.lost;
  }

  /** Lets go of the lock; a lock that was lost is no error. May be called more than once. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** Lets go of the lock. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
