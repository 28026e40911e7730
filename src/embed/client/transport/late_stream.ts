import { asClientError, canceledError } from "../client_error.ts";
import type { StreamListener, TransportStream } from "./transport.ts";

/** Opens the stream itself, with what was waited for. */
type Open<T> = (value: T, listener: StreamListener) => TransportStream;

/**
 * A stream that cannot be opened before something has come; what is asked of it meanwhile is done
 * when it is open. The listener hears why if it never comes.
 */
export class LateStream<T> implements TransportStream {
  readonly #listener: StreamListener;
  readonly #waiting: ((stream: TransportStream) => void)[] = [];
  #stream: TransportStream | undefined;
  #isOver = false;

  constructor(coming: Promise<T>, listener: StreamListener, open: Open<T>) {
    this.#listener = listener;
    coming.then((value) => this.#open(value, open), (error) => this.#end(asClientError(error)));
  }

  send(bytes: Uint8Array): void {
    this.#do((stream) => stream.send(bytes));
  }

  halfClose(): void {
    this.#do((stream) => stream.halfClose());
  }

  cancel(): void {
    if (this.#stream === undefined) this.#end(canceledError());
    else this.#stream.cancel();
  }

  pause(): void {
    this.#do((stream) => stream.pause());
  }

  resume(): void {
    this.#do((stream) => stream.resume());
  }

  #open(value: T, open: Open<T>): void {
    if (this.#isOver) return;
    const stream = open(value, {
      message: (bytes) => this.#listener.message(bytes),
      closed: (error) => this.#end(error),
    });
    this.#stream = stream;
    for (const task of this.#waiting.splice(0)) task(stream);
  }

  #do(task: (stream: TransportStream) => void): void {
    if (this.#isOver) return;
    if (this.#stream === undefined) this.#waiting.push(task);
    else task(this.#stream);
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#listener.closed(error);
  }
}
