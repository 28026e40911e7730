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
import type { Logger } from "../../base/log.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
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

interface Job {
  readonly password: Uint8Array;
  readonly parameters: BcryptParameters;
  readonly isWanted: () => boolean;
  readonly done: PromiseWithResolvers<string>;
}

/**
 * Hashes passwords away from the event loop, in the order in which they come: in a worker, which is
 * started when it is needed and ends when it is not, or in short turns where there is none.
 */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #waiting: Job[] = [];
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
   * the server stops, or nobody wants to know any more when its turn comes.
   */
  hash(password: string, isWanted: () => boolean): Promise<string> {
    const bytes = bytesFromText(password);
    if (bytes.length > BCRYPT_LIMITS.passwordBytes) {
      return Promise.reject(ETCD_ERRORS.passwordTooLong);
    }
    return this.#hashNew(bytes, isWanted);
  }

  /** The same for a password that an old version has accepted, however long it is. */
  hashLogged(password: string): Promise<string> {
    return this.#hashNew(bytesFromText(password), () => true);
  }

  /**
   * Whether the password is the one behind a hash. Rejects like `hash`. Where there is no hash it
   * takes as long, lest the time tells who has one.
   */
  async matches(
    password: string,
    passwordHash: Uint8Array,
    isWanted: () => boolean,
  ): Promise<boolean> {
    const expected = latin1FromBytes(passwordHash);
    const parameters = parametersOf(expected);
    const bytes = bytesFromText(password);
    if (parameters === undefined) {
      await this.#hashNew(bytes, isWanted);
      return false;
    }
    return hashesEqual(await this.#enqueue(bytes, parameters, isWanted), expected);
  }

  /** Who waits gets etcd's `stopped`. */
  close(): void {
    this.#isClosed = true;
    this.#endEngine();
    for (const { done } of this.#waiting.splice(0)) done.reject(ETCD_ERRORS.stopped);
  }

  #hashNew(password: Uint8Array, isWanted: () => boolean): Promise<string> {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const parameters = { salt, cost: this.#options.cost, variant: VARIANT };
    return this.#enqueue(password, parameters, isWanted);
  }

  /** Only as much of the password is kept as counts: it may be long, and others may wait before it. */
  #enqueue(
    password: Uint8Array,
    parameters: BcryptParameters,
    isWanted: () => boolean,
  ): Promise<string> {
    if (this.#isClosed) return Promise.reject(ETCD_ERRORS.stopped);
    if (this.#waiting.length >= AUTH_LIMITS.waitingHashes) {
      return Promise.reject(ETCD_ERRORS.requestTooManyRequests);
    }
    const job: Job = {
      password: password.slice(0, BCRYPT_LIMITS.passwordBytes),
      parameters,
      isWanted,
      done: Promise.withResolvers(),
    };
    this.#waiting.push(job);
    if (!this.#isWorking) this.#work();
    return job.done.promise;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    this.#idleTimer?.cancel();
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
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
      if (!job.isWanted()) throw ETCD_ERRORS.canceled;
      this.#engine ??= this.#startWorker() ?? await newTurnEngine();
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

/** Loaded when it is needed: nearly everywhere there are workers. */
async function newTurnEngine(): Promise<HashEngine> {
  const { TurnEngine } = await import("./turn_engine.ts");
  return new TurnEngine();
}
