import { Buffer } from "node:buffer";
import { createServer, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../base/clock.ts";
import type { ExchangeHandler } from "./http/exchange.ts";
import { Http1Server } from "./http1/server.ts";
import { Http2Connection } from "./http2/connection.ts";
import { Http2Context, type Http2Options } from "./http2/context.ts";
import { type Sweepable, Sweeper } from "./http2/sweeper.ts";
import { type RemoteEnd, remoteEndOf } from "./remote_end.ts";
import type { TlsGate } from "./tls/tls_gate.ts";
import { removeOldSocket } from "./unix_socket.ts";
import { HTTP1_LIMITS, type Http1Limits, LISTENER_LIMITS, type ListenerLimits } from "./limits.ts";

/** So many bytes tell HTTP/2 from any request of HTTP/1.1. */
const HTTP2_BEGIN = "PRI * HTTP/2.0";

/** The first byte of a TLS handshake, with which neither form of HTTP begins. */
const TLS_BEGIN = 0x16;

/** What the first bytes of a connection tell. */
type Protocol = "http1" | "http2" | "tls";

export interface ListenOptions extends Http2Options {
  /** Where to listen: an address and a port (0 picks a free one), or a unix socket's path. */
  readonly address: ListenAddress;
  /** What answers requests of HTTP/1.1; without it such connections are closed. */
  readonly http1?: ExchangeHandler;
  /** What takes connections that begin with a TLS handshake; without it they are closed. */
  readonly tls?: TlsGate;
  /** Whether connections are served that are not encrypted. @default {true} */
  readonly plain?: boolean;
  /** Connections are accepted but not read from until `begin`. @default {false} */
  readonly held?: boolean;
  readonly listenerLimits?: ListenerLimits;
  readonly http1Limits?: Http1Limits;
}

export type ListenAddress = TcpAddress | { readonly path: string };

interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Whether other sockets with the same wish may have the port too. @default {false} */
  readonly reusePort?: boolean;
}

/** Begins to listen; rejects if the address cannot be had. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer({ noDelay: true });
  const listener = new Listener(server, options);
  if ("path" in options.address) removeOldSocket(options.address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.address, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return listener;
}

/** A listening socket with all its connections; tells HTTP/2 from HTTP/1.1 by their first bytes. */
export class Listener {
  readonly #server: Server;
  readonly #context: Http2Context;
  readonly #http1: Http1Server | undefined;
  readonly #tls: TlsGate | undefined;
  readonly #servesPlain: boolean;
  readonly #limits: ListenerLimits;
  readonly #clock: Clock;
  readonly #sweeper: Sweeper;
  readonly #sockets = new Set<Socket>();
  readonly #sniffers = new Set<Sniffer>();
  /** Connections whose TLS handshake is under way. */
  readonly #handshakes = new Set<Socket>();
  readonly #connections = new Set<Http2Connection>();
  /** Connections that wait for `begin`; undefined once it was called. */
  #held: Set<Socket> | undefined;
  #closing = false;
  #onEmpty: (() => void) | undefined = undefined;

  constructor(server: Server, options: ListenOptions) {
    this.#server = server;
    this.#clock = options.clock ?? systemClock;
    this.#limits = options.listenerLimits ?? LISTENER_LIMITS;
    const { http1, onDefect } = options;
    this.#context = new Http2Context(options);
    this.#http1 = http1 === undefined ? undefined : new Http1Server({
      handler: http1,
      clock: this.#clock,
      limits: options.http1Limits ?? HTTP1_LIMITS,
      ...(onDefect === undefined ? {} : { onDefect }),
    });
    this.#tls = options.tls;
    this.#servesPlain = options.plain ?? true;
    this.#sweeper = new Sweeper(this.#clock, this.#limits.sweepIntervalMs);
    this.#held = options.held ? new Set() : undefined;
    server.on("connection", (socket: Socket) => this.accept(socket));
  }

  /** Where it listens: a URL's host and port, or the path of a unix socket. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return address ?? "";
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `${host}:${address.port}`;
  }

  /** The port, 0 for a unix socket. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** What all HTTP/2 connections hold for clients that are slower than what is sent to them. */
  get bufferedBytes(): number {
    return this.#context.budget.totalBytes;
  }

  /** Takes a connection, also one that was accepted elsewhere. */
  accept(socket: Socket): void {
    if (this.#closing || this.#sockets.size >= this.#limits.maxConnections) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    // A client that lost its power says nothing, and a watch may have nothing to say to it.
    socket.setKeepAlive(true, this.#limits.tcpKeepAliveMs);
    // A socket closes after an error, and that is all that matters here.
    socket.on("error", () => {});
    socket.once("close", () => this.#socketClosed(socket));
    if (this.#held === undefined) this.#begin(socket);
    else this.#held.add(socket);
  }

  /** Starts to read from the connections that were held, and from then on from all. */
  begin(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const socket of held ?? []) {
      if (!socket.destroyed) this.#begin(socket);
    }
  }

  #begin(socket: Socket): void {
    this.#sniff(socket, (protocol, firstBytes) => {
      if (protocol === "tls" && this.#tls !== undefined) {
        this.#handshakes.add(socket);
        this.#tls.accept(socket, firstBytes, (secured, remote) => {
          this.#handshakes.delete(socket);
          this.#secured(secured, remote);
        });
      } else if (this.#servesPlain) {
        this.#route(socket, remoteEndOf(socket), protocol, firstBytes);
      } else if (this.#tls !== undefined) {
        this.#tls.refuse(socket);
      } else {
        socket.destroy();
      }
    });
  }

  /** What a client says is protected by TLS; the protocol it says it in is told as without. */
  #secured(socket: Socket, remote: RemoteEnd): void {
    if (this.#closing) socket.destroy();
    else this.#sniff(socket, (protocol, bytes) => this.#route(socket, remote, protocol, bytes));
  }

  #sniff(socket: Socket, onTold: (protocol: Protocol, firstBytes: Buffer) => void): void {
    const timeoutMs = this.#limits.sniffTimeoutMs;
    const sniffer = new Sniffer(
      socket,
      this.#clock.monotonicMs() + timeoutMs,
      (protocol, firstBytes) => {
        this.#forget(sniffer);
        onTold(protocol, firstBytes);
      },
      () => this.#forget(sniffer),
    );
    this.#sniffers.add(sniffer);
    this.#sweeper.add(sniffer);
  }

  /**
   * Stops listening and ends all connections: what is under way may finish within `graceMs`, the
   * rest is cut off. Resolves when nothing is left.
   */
  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#held ?? []) socket.destroy();
    for (const sniffer of this.#sniffers) sniffer.destroy();
    for (const socket of this.#handshakes) socket.destroy();
    for (const connection of this.#connections) connection.goAway();
    this.#http1?.closeGracefully();
    if (!await this.#isEmptyWithin(options.graceMs)) {
      for (const connection of this.#connections) connection.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }
    await closed;
  }

  #route(socket: Socket, remote: RemoteEnd, protocol: Protocol, firstBytes: Buffer): void {
    if (protocol === "http2") {
      const connection = new Http2Connection(
        socket,
        remote,
        this.#context,
        () => this.#connections.delete(connection),
      );
      this.#connections.add(connection);
      connection.start(firstBytes);
    } else if (protocol === "http1" && this.#http1 !== undefined) {
      this.#http1.accept(socket, remote, firstBytes);
    } else {
      socket.destroy();
    }
  }

  #forget(sniffer: Sniffer): void {
    this.#sniffers.delete(sniffer);
    this.#sweeper.remove(sniffer);
  }

  #socketClosed(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#held?.delete(socket);
    this.#handshakes.delete(socket);
    if (this.#sockets.size === 0) this.#onEmpty?.();
  }

  #isEmptyWithin(timeoutMs: number): Promise<boolean> {
    if (this.#sockets.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(timeoutMs, () => resolve(false));
      this.#onEmpty = () => {
        timer.cancel();
        resolve(true);
      };
    });
  }
}

/** Reads the first bytes of a connection until they tell its protocol. */
class Sniffer implements Sweepable {
  readonly #socket: Socket;
  readonly #deadlineMs: number;
  readonly #onTold: (protocol: Protocol, firstBytes: Buffer) => void;
  readonly #onData = (chunk: Buffer): void => this.#data(chunk);
  readonly #onClose: () => void;
  #bytes: Buffer | undefined = undefined;

  constructor(
    socket: Socket,
    deadlineMs: number,
    onTold: (protocol: Protocol, firstBytes: Buffer) => void,
    onClose: () => void,
  ) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    this.#onTold = onTold;
    this.#onClose = onClose;
    socket.on("data", this.#onData);
    socket.on("close", onClose);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  sweep(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.destroy();
  }

  #data(chunk: Buffer): void {
    const bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk]);
    const protocol = protocolOf(bytes);
    if (protocol === undefined) {
      this.#bytes = bytes;
      return;
    }
    this.#socket.off("data", this.#onData);
    this.#socket.off("close", this.#onClose);
    this.#onTold(protocol, bytes);
  }
}

/** Undefined while there are too few bytes to tell. */
function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes[0] === TLS_BEGIN) return "tls";
  const length = Math.min(bytes.length, HTTP2_BEGIN.length);
  if (bytes.toString("latin1", 0, length) !== HTTP2_BEGIN.slice(0, length)) return "http1";
  return length < HTTP2_BEGIN.length ? undefined : "http2";
}
