import { statSync } from "node:fs";
import { CredentialError } from "./credential_error.ts";
import { systemReason } from "./system_reason.ts";

/** What one or several files hold together; "" among the paths stands for no file. */
export class ChangingFiles<T> {
  readonly #paths: readonly string[];
  readonly #read: () => T;
  #value: T;
  #readState: string;

  /** Reads the files. Throws what `read` throws: a CredentialError when they cannot be used. */
  constructor(paths: readonly string[], read: () => T) {
    this.#paths = paths;
    this.#read = read;
    this.#readState = this.#state();
    this.#value = read();
  }

  /** What was read when the files could be used last. */
  get value(): T {
    return this.#value;
  }

  /**
   * Reads the files again if they have changed; true if there is another value. Files that cannot be
   * used are told of once.
   */
  refresh(onUnusable: (error: CredentialError) => void): boolean {
    const state = this.#state();
    if (state === this.#readState) return false;
    this.#readState = state;
    try {
      this.#value = this.#read();
      return true;
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      onUnusable(error);
      return false;
    }
  }

  /** Changes whenever one of the files does. */
  #state(): string {
    return this.#paths.map(stateOfFile).join();
  }
}

function stateOfFile(path: string): string {
  if (path === "") return "";
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev}/${ino}/${size}/${mtimeMs}/${ctimeMs}`;
  } catch (error) {
    // That it cannot be read is told when it is.
    return systemReason(error);
  }
}
