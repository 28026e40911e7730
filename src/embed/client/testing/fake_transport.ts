import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "../transport/transport.ts";

/** A stream that a test holds both ends of. */
export class FakeStream implements TransportStream {
  readonly path: string;
  readonly options: StreamOptions;
  readonly sent: Uint8Array[] = [];
  isPaused = false;
  isCanceled = false;
  readonly #listener: StreamListener;

  constructor(path: string, listener: StreamListener, options: StreamOptions) {
    this.path = path;
    this.#listener = listener;
    this.options = options;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  halfClose(): void {}

  cancel(): void {
    this.isCanceled = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** The server sends a message. */
  receive(bytes: Uint8Array): void {
    this.#listener.message(bytes);
  }

  /** The stream ends. */
  end(error?: Error): void {
    this.#listener.closed(error);
  }
}

/** A transport whose other end is a test. */
export class FakeTransport implements Transport {
  readonly streams: FakeStream[] = [];
  isClosed = false;
  /** Answers the unary calls. */
  answer: (path: string, request: Uint8Array, options: CallOptions) => Promise<Uint8Array> = () =>
    Promise.reject(new Error("no call was expected"));
  /** What streams fail with before they are open. */
  streamError: Error | undefined;

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.answer(path, request, options);
  }

  stream(path: string, listener: StreamListener, options: StreamOptions = {}): TransportStream {
    const stream = new FakeStream(path, listener, options);
    this.streams.push(stream);
    if (this.streamError !== undefined) stream.end(this.streamError);
    return stream;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** The stream that was opened last. */
  get last(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }
}
