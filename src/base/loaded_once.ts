/**
 * What is loaded when it is first wanted, once for all. A failure is not for ever: who wants it next
 * has it tried again.
 */
export class LoadedOnce<T> {
  readonly #load: () => Promise<T>;
  #loading: Promise<T> | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Rejects with what loading it failed with. */
  get(): Promise<T> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }
}
