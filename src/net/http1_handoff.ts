import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Clock, systemClock } from "../base/clock.ts";
import { type Sweepable, Sweeper } from "./http2/sweeper.ts";
import { WriteStall } from "./http2/write_stall.ts";
import { HTTP1_LIMITS, type Http1Limits } from "./limits.ts";

/** What answers a request of HTTP/1.1. */
export type Http1RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

export interface Http1Options {
  readonly listener: Http1RequestListener;
  readonly clock?: Clock;
  readonly limits?: Http1Limits;
}

/**
 * Runs a node:http server on sockets that were accepted, and read from, elsewhere. That server
 * never listens, and looks at timeouts only when it does; so they are looked at here.
 */
export class Http1Handoff {
  readonly #server: Server;
  readonly #limits: Http1Limits;
  readonly #clock: Clock;
  readonly #sweeper: Sweeper;
  readonly #connections = new Map<Socket, Http1Connection>();
  #closing = false;

  constructor(options: Http1Options) {
    const limits = options.limits ?? HTTP1_LIMITS;
    this.#limits = limits;
    this.#clock = options.clock ?? systemClock;
    this.#sweeper = new Sweeper(this.#clock, limits.sweepIntervalMs);
    this.#server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
    });
    // A server that does not listen counts as one that is closing, which closes every connection
    // after its first answer.
    Object.defineProperty(this.#server, "listening", { get: () => !this.#closing });
    this.#server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#connections.get(request.socket)?.begin(request, response);
      options.listener(request, response);
    });
  }

  /** Takes over a socket; `firstBytes` is what was already read of it. */
  accept(socket: Socket, firstBytes: Buffer): void {
    const connection = new Http1Connection(socket, this.#limits, this.#clock);
    this.#connections.set(socket, connection);
    this.#sweeper.add(connection);
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#sweeper.remove(connection);
    });
    socket.pause();
    socket.unshift(firstBytes);
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Ends the connections that are idle, and the others after their answer. */
  closeGracefully(): void {
    this.#closing = true;
    for (const connection of this.#connections.values()) connection.closeWhenIdle();
  }
}

class Http1Connection implements Sweepable {
  readonly #socket: Socket;
  readonly #limits: Http1Limits;
  readonly #clock: Clock;
  #requests = new Set<IncomingMessage>();
  #hasAnswered = false;
  #closing = false;
  /** Since when nothing or always the same is waited for. */
  #waitingSinceMs: number;
  readonly #writeStall: WriteStall;

  constructor(socket: Socket, limits: Http1Limits, clock: Clock) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.#waitingSinceMs = clock.monotonicMs();
    this.#writeStall = new WriteStall(limits.writeStallTimeoutMs);
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#requests.add(request);
    this.#waitingSinceMs = this.#clock.monotonicMs();
    response.once("close", () => this.#answered(request));
  }

  closeWhenIdle(): void {
    this.#closing = true;
    if (this.#requests.size === 0) this.#socket.destroy();
  }

  sweep(nowMs: number): void {
    if (this.#requestIsLate(nowMs) || this.#writeHasStalled(nowMs)) this.#socket.destroy();
  }

  #answered(request: IncomingMessage): void {
    this.#requests.delete(request);
    this.#hasAnswered = true;
    this.#waitingSinceMs = this.#clock.monotonicMs();
    if (this.#closing && this.#requests.size === 0) this.#socket.destroySoon();
  }

  #requestIsLate(nowMs: number): boolean {
    return nowMs - this.#waitingSinceMs >= this.#patienceMs();
  }

  #patienceMs(): number {
    if (this.#requests.size === 0) {
      return this.#hasAnswered ? this.#limits.keepAliveTimeoutMs : this.#limits.headersTimeoutMs;
    }
    for (const request of this.#requests) {
      if (!request.complete) return this.#limits.requestTimeoutMs;
    }
    return Infinity;
  }

  #writeHasStalled(nowMs: number): boolean {
    const unsentBytes = this.#socket.writableLength;
    return this.#writeStall.check(nowMs, unsentBytes > 0, unsentBytes);
  }
}
