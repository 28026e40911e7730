import type { BcryptParameters } from "../../base/bcrypt/hash_form.ts";

/** Makes hashes of passwords, one at a time. */
export interface HashEngine {
  /** Rejects with EngineLost if the engine cannot do it, or not any more. */
  hash(password: Uint8Array, parameters: BcryptParameters): Promise<string>;
  close(): void;
}

/** The engine is of no use; what it was to do is to be done by another one. */
export class EngineLost extends Error {
  override name = "EngineLost";
}

/** A job as the worker gets it. */
export interface HashJob {
  readonly password: Uint8Array;
  readonly parameters: BcryptParameters;
}

/** Hashes in a worker, so that the event loop has nothing to do with it. */
export class WorkerEngine implements HashEngine {
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<string> | undefined;
  #isLost = false;

  constructor() {
    this.#worker = new Worker(new URL("./password_worker.ts", import.meta.url), {
      type: "module",
    });
    this.#worker.onmessage = ({ data }: MessageEvent<string>) => this.#waiting?.resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
  }

  hash(password: Uint8Array, parameters: BcryptParameters): Promise<string> {
    if (this.#isLost) return Promise.reject(new EngineLost("the worker has ended"));
    this.#waiting = Promise.withResolvers();
    const job: HashJob = { password, parameters };
    this.#worker.postMessage(job);
    return this.#waiting.promise;
  }

  close(): void {
    this.#worker.terminate();
    this.#lose("the worker was ended");
  }

  #lose(reason: string): void {
    this.#isLost = true;
    this.#waiting?.reject(new EngineLost(reason));
  }
}
