/** Something that holds output back until the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * Collects what was written to during this turn and flushes each once: a batch that answers
 * hundreds of requests costs one write for each connection.
 */
export class FlushQueue {
  readonly #waiting: Flushable[] = [];
  readonly #run = (): void => this.#flushAll();

  add(flushable: Flushable): void {
    if (this.#waiting.push(flushable) === 1) queueMicrotask(this.#run);
  }

  #flushAll(): void {
    const waiting = this.#waiting;
    for (let i = 0; i < waiting.length; i++) waiting[i].flush();
    waiting.length = 0;
  }
}
