import { GrpcCode } from "../base/grpc_code.ts";
import type { EtcdServer } from "../server/etcd_server.ts";
import { ClientError } from "./client/client_error.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./client/transport.ts";

/** Holds calls back until the server is ready, so that none sees a log that is half replayed. */
export class ReadyTransport implements Transport {
  readonly #inner: Transport;
  readonly #server: EtcdServer;

  constructor(inner: Transport, server: EtcdServer) {
    this.#inner = inner;
    this.#server = server;
  }

  async unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    if (!this.#server.isReady) await this.#ready();
    return await this.#inner.unary(path, request, options);
  }

  stream(path: string, listener: StreamListener, options?: StreamOptions): TransportStream {
    if (this.#server.isReady) return this.#inner.stream(path, listener, options);
    const late = new LateStream();
    this.#ready().then(
      () => late.open(() => this.#inner.stream(path, listener, options)),
      (error) => listener.closed(error),
    );
    return late;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #ready(): Promise<void> {
    try {
      await this.#server.readyNotify;
    } catch (cause) {
      throw new ClientError(GrpcCode.Unavailable, "etcdserver: server stopped", { cause });
    }
  }
}

/** A stream that is opened later; what is done with it meanwhile is done then. */
class LateStream implements TransportStream {
  readonly #pending: ((stream: TransportStream) => void)[] = [];
  #stream: TransportStream | undefined;

  open(make: () => TransportStream): void {
    const stream = make();
    this.#stream = stream;
    for (const action of this.#pending.splice(0)) action(stream);
  }

  send(bytes: Uint8Array): void {
    this.#do((stream) => stream.send(bytes));
  }

  halfClose(): void {
    this.#do((stream) => stream.halfClose());
  }

  cancel(): void {
    this.#do((stream) => stream.cancel());
  }

  pause(): void {
    this.#do((stream) => stream.pause());
  }

  resume(): void {
    this.#do((stream) => stream.resume());
  }

  #do(action: (stream: TransportStream) => void): void {
    if (this.#stream === undefined) this.#pending.push(action);
    else action(this.#stream);
  }
}
