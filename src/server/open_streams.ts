/** A stream that would otherwise outlive its server. */
export interface EndlessStream {
  /** Ends the stream because the server stops. */
  serverStopping(): void;
}

/** The streams that clients hold open: without an end from this side a server could not stop. */
export class OpenStreams {
  readonly #streams = new Set<EndlessStream>();
  #ended = false;

  get count(): number {
    return this.#streams.size;
  }

  add(stream: EndlessStream): void {
    if (this.#ended) stream.serverStopping();
    else this.#streams.add(stream);
  }

  delete(stream: EndlessStream): void {
    this.#streams.delete(stream);
  }

  /** Ends all streams, and every one that is added later. */
  endAll(): void {
    this.#ended = true;
    for (const stream of this.#streams) stream.serverStopping();
    this.#streams.clear();
  }
}
