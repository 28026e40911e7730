import { CtlError, EXIT_CODE } from "./exit_code.ts";
import type { CtlIo } from "./io.ts";

/** Waits for the signal that ends a command which otherwise goes on for ever. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #stopListening: () => void;

  constructor(io: CtlIo) {
    this.#stopListening = io.onInterrupt(() => this.#controller.abort());
  }

  /** Aborted when the signal came. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the signal came. */
  get came(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }

  /** What went wrong, in etcdctl's words if it was the signal. */
  explain(error: unknown): unknown {
    if (!this.signal.aborted) return error;
    return new CtlError(EXIT_CODE.error, "context canceled", { cause: error });
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }
}
