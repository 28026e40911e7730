import type { Buffer } from "node:buffer";
import type { ByteSocket } from "../http2/socket.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { Http1Connection } from "./connection.ts";
import { Http1Context, type Http1Options } from "./context.ts";

/** Answers HTTP/1.1 on sockets that were accepted, and read from, elsewhere. */
export class Http1Server {
  readonly #context: Http1Context;
  readonly #connections = new Set<Http1Connection>();

  constructor(options: Http1Options) {
    this.#context = new Http1Context(options);
  }

  /** Takes over a socket; `firstBytes` is what was already read of it. */
  accept(socket: ByteSocket, remote: RemoteEnd, firstBytes: Buffer): void {
    const connection = new Http1Connection(
      socket,
      remote,
      this.#context,
      () => this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    connection.start(firstBytes);
  }

  /** Ends the connections that are idle, and the others behind their answer. */
  closeGracefully(): void {
    for (const connection of this.#connections) connection.closeWhenIdle();
  }
}
