import {
  type BcryptParameters,
  hashesEqual,
  parametersOf,
  SALT_BYTES,
} from "../../base/bcrypt/hash_form.ts";
import { BCRYPT_LIMITS } from "../../base/bcrypt/limits.ts";
import { bytesFromText, latin1FromBytes } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/error_message.ts";
import { FairQueue } from "../../base/fair_queue.ts";
import type { Logger } from "../../base/log.ts";
import { networkOf } from "../../base/network_of.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { EngineLost, type HashEngine, WorkerEngine } from "./hash_engine.ts";
import { AUTH_LIMITS } from "./limits.ts";

/** The letter that etcd's hashes have. */
const VARIANT = "a";

/** What a hasher is made of. */
export interface PasswordHasherOptions {
  readonly cost: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts the worker; throws where there can be none. @default {WorkerEngine} */
  readonly startWorker?: () => HashEngine;
}

/** The call that a password came with: whose turn it takes, and whether anybody waits for it. */
export type PasswordCall = Pick<ServerCall, "remote" | "finished" | "onCancel">;

interface Job {
  readonly password: Uint8Array;
  readonly parameters: BcryptParameters;
  readonly call: PasswordCall;
  readonly network: string;
  readonly done: PromiseWithResolvers<string>;
}

/** As much of a password as counts: it may be long, and others may wait before it. */
export function keptPassword(password: string): Uint8Array {
  return bytesFromText(password).slice(0, BCRYPT_LIMITS.passwordBytes);
}

/**
 * Hashes passwords away from the event loop: in a worker, which is started when it is needed and ends
 * when it is not, or in short turns where there is none. Addresses take turns, and so do the
 * connections of one address: whoever has many passwords hashed makes others wait for one of them.
 * Names of users play no part, lest somebody takes the turns of a user by naming him.
 */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #waiting = new FairQueue<Job>({
    total: AUTH_LIMITS.waitingHashes,
    perMember: AUTH_LIMITS.waitingHashesPerConnection,
  });
  #engine: HashEngine | undefined;
  #idleTimer: Timer | undefined;
  #isWorking = false;
  #hasNoWorkers = false;
  #isClosed = false;

  constructor(options: PasswordHasherOptions) {
    this.#options = options;
  }

  /**
   * The text of a new hash. Rejects with etcd's errors if the password is too long, too many wait,
   * the server stops, or the call ends before its turn comes; nothing of it waits then.
   */
  hash(password: string, call: PasswordCall): Promise<string> {
    const bytes = bytesFromText(password);
    if (bytes.length > BCRYPT_LIMITS.passwordBytes) {
      return Promise.reject(ETCD_ERRORS.passwordTooLong);
    }
    return this.#hashNew(bytes, call);
  }

  /** The same for a password that an old version has accepted, however long it is. */
  hashLogged(password: string): Promise<string> {
    const call: PasswordCall = { remote: LOCAL_END, finished: false, onCancel: undefined };
    return this.#hashNew(keptPassword(password), call);
  }

  /**
   * Whether the password, of which `keptPassword` is enough, is the one behind a hash. Rejects like
   * `hash`. Where there is no hash it takes as long, lest the time tells who has one.
   */
  async matches(
    password: Uint8Array,
    passwordHash: Uint8Array,
    call: PasswordCall,
  ): Promise<boolean> {
    const expected = latin1FromBytes(passwordHash);
    const parameters = parametersOf(expected);
    if (parameters === undefined) {
      await this.#hashNew(password, call);
      return false;
    }
    return hashesEqual(await this.#enqueue(password, parameters, call), expected);
  }

  /** Who waits gets etcd's `stopped`. */
  close(): void {
    this.#isClosed = true;
    this.#endEngine();
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      job.done.reject(ETCD_ERRORS.stopped);
    }
  }

  #hashNew(password: Uint8Array, call: PasswordCall): Promise<string> {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const parameters = { salt, cost: this.#options.cost, variant: VARIANT };
    return this.#enqueue(password, parameters, call);
  }

  #enqueue(
    password: Uint8Array,
    parameters: BcryptParameters,
    call: PasswordCall,
  ): Promise<string> {
    if (this.#isClosed) return Promise.reject(ETCD_ERRORS.stopped);
    if (call.finished) return Promise.reject(ETCD_ERRORS.canceled);
    const network = networkOf(call.remote.address);
    if (this.#waiting.isFullFor(network, call.remote)) {
      return Promise.reject(ETCD_ERRORS.tooManyPasswords);
    }
    const job: Job = { password, parameters, call, network, done: Promise.withResolvers() };
    call.onCancel = () => this.#leave(job);
    const displaced = this.#waiting.push(network, call.remote, job);
    if (displaced !== undefined) refuse(displaced, ETCD_ERRORS.requestTooManyRequests);
    if (!this.#isWorking) this.#work();
    return job.done.promise;
  }

  /** Whoever waited for it is gone. */
  #leave(job: Job): void {
    this.#waiting.delete(job.network, job.call.remote, job);
    refuse(job, ETCD_ERRORS.canceled);
  }

  /** Takes the job whose turn it is. */
  #next(): Job | undefined {
    const job = this.#waiting.shift();
    if (job !== undefined) job.call.onCancel = undefined;
    return job;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    this.#idleTimer?.cancel();
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      try {
        job.done.resolve(await this.#run(job));
      } catch (error) {
        job.done.reject(error);
      }
    }
    this.#isWorking = false;
    if (this.#isClosed) return;
    this.#idleTimer = this.#options.clock.setTimer(
      AUTH_LIMITS.idleWorkerMs,
      () => this.#endEngine(),
    );
  }

  async #run(job: Job): Promise<string> {
    for (;;) {
      if (this.#isClosed) throw ETCD_ERRORS.stopped;
      this.#engine ??= this.#startWorker() ?? await newTurnEngine(this.#options.clock);
      // Closing may have found nothing to end a moment ago.
      if (this.#isClosed) this.#endEngine();
      if (this.#engine === undefined) continue;
      try {
        return await this.#engine.hash(job.password, job.parameters);
      } catch (error) {
        if (!(error instanceof EngineLost)) throw error;
        this.#endEngine();
        if (!this.#isClosed) this.#doWithoutWorkers(error.message);
      }
    }
  }

  /** Undefined where there can be none. */
  #startWorker(): HashEngine | undefined {
    if (this.#hasNoWorkers) return undefined;
    const { startWorker } = this.#options;
    try {
      return startWorker === undefined ? new WorkerEngine() : startWorker();
    } catch (error) {
      this.#doWithoutWorkers(messageOf(error));
      return undefined;
    }
  }

  #doWithoutWorkers(reason: string): void {
    this.#hasNoWorkers = true;
    this.#options.logger.warn(
      "passwords are hashed on the main thread, in short turns: the worker for it does not run",
      { reason },
    );
  }

  #endEngine(): void {
    this.#idleTimer?.cancel();
    this.#engine?.close();
    this.#engine = undefined;
  }
}

/** The job does not wait any more. */
function refuse({ call, done }: Job, error: EtcdError): void {
  call.onCancel = undefined;
  done.reject(error);
}

/** Loaded when it is needed: nearly everywhere there are workers. */
async function newTurnEngine(clock: Clock): Promise<HashEngine> {
  const { TurnEngine } = await import("./turn_engine.ts");
  return new TurnEngine(clock);
}
