import { ETCD_ERRORS } from "../core/errors.ts";
import type { EtcdServer } from "../server/etcd_server.ts";
import { refusalError } from "./client/client_error.ts";
import { LateStream } from "./client/transport/late_stream.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./client/transport/transport.ts";

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
    return new LateStream(
      this.#ready(),
      listener,
      (_, heard) => this.#inner.stream(path, heard, options),
    );
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #ready(): Promise<void> {
    try {
      await this.#server.readyNotify;
    } catch (cause) {
      throw refusalError(ETCD_ERRORS.stopped, { cause });
    }
  }
}
