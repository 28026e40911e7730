import { ETCD_ERRORS } from "../core/errors.ts";

type Phase = "new" | "running" | "stopping" | "stopped";

/** How far a member is between its start and its end, and what those wait for who ask. */
export class Lifecycle {
  readonly #ready = Promise.withResolvers<void>();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #phase: Phase = "new";
  #isReady = false;
  /** Why the member stopped by itself, else undefined. */
  failure: unknown;

  constructor() {
    // Whoever embeds the server may never ask; an unasked failure is not an unhandled one.
    this.#ready.promise.catch(() => {});
  }

  get readyNotify(): Promise<void> {
    return this.#ready.promise;
  }

  get stoppingNotify(): Promise<void> {
    return this.#stopping.promise;
  }

  get stopNotify(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Whether requests are taken: from the start until the stop begins. */
  get isRunning(): boolean {
    return this.#phase === "running";
  }

  /** Whether the stop has begun, and perhaps ended. */
  get isStopping(): boolean {
    return this.#phase === "stopping" || this.#phase === "stopped";
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  started(): void {
    this.#phase = "running";
  }

  becameReady(): void {
    this.#isReady = true;
    this.#ready.resolve();
  }

  /** The member will not become ready. */
  failedToBecomeReady(error: unknown): void {
    this.#ready.reject(error);
  }

  stopBegan(): void {
    this.#phase = "stopping";
    this.#stopping.resolve();
    this.#ready.reject(ETCD_ERRORS.stopped);
  }

  stopEnded(): void {
    this.#phase = "stopped";
    this.#stopped.resolve();
  }
}
