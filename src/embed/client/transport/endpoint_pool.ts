import { Buffer } from "node:buffer";
import type { Clock } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { Client as GrpcClient } from "../../../deps/grpc_js.ts";
import { canceledError, ClientError, closedError } from "../client_error.ts";

/** The states of grpc-js's channels that matter here. */
const IDLE = 0;
const CONNECTED = 2;
const FAILED = 3;

/** What is of use to a reader in the text that grpc-js fails such calls with. */
const LAST_ERROR = /Last error: (?:Error: )?(.*)\. Resolution note/;

/** One server of a pool. */
interface PoolMember {
  /** As the user wrote it. */
  readonly text: string;
  readonly client: GrpcClient;
}

/** Somebody who waits for a connection. */
interface Waiter {
  connected(client: GrpcClient): void;
  closed(): void;
}

/**
 * Servers that all serve the same cluster, each with a channel of its own that grpc-js keeps
 * connected. Calls go in turn to those that have a connection.
 */
export class EndpointPool {
  readonly #members: readonly PoolMember[];
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  /** Channels whose next change of state will be told. */
  readonly #observed = new Set<GrpcClient>();
  #turn = 0;
  #closed = false;

  constructor(members: readonly PoolMember[], clock: Clock) {
    this.#members = members;
    this.#clock = clock;
  }

  /** The next server in turn that has a connection. */
  connected(): GrpcClient | undefined {
    return this.#next((state) => state === CONNECTED);
  }

  /** A server for a call that may have to wait for its connection; one that works if there is any. */
  best(): GrpcClient {
    return this.connected() ?? this.#next((state) => state !== FAILED) ?? this.#next(() => true) ??
      this.#members[0].client;
  }

  /**
   * Resolves with a server as soon as one has a connection. Rejects with Unavailable after
   * `timeoutMs`, with Canceled when the signal is aborted or the pool is closed.
   */
  whenConnected(timeoutMs: number, signal?: AbortSignal): Promise<GrpcClient> {
    const { promise, resolve, reject } = Promise.withResolvers<GrpcClient>();
    const waiter = { connected: resolve, closed: () => reject(closedError()) };
    this.#waiters.add(waiter);
    const timer = this.#clock.setTimer(timeoutMs, () => this.#unreachable(timeoutMs).then(reject));
    const abort = () => reject(canceledError(signal));
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    if (this.#closed) waiter.closed();
    else for (const { client } of this.#members) this.#observe(client);
    return promise.finally(() => {
      this.#waiters.delete(waiter);
      timer.cancel();
      signal?.removeEventListener("abort", abort);
    });
  }

  /** Lets go of all connections; no call may be open any more. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.closed();
    for (const { client } of this.#members) client.close();
  }

  #next(fits: (state: number) => boolean): GrpcClient | undefined {
    const count = this.#members.length;
    for (let i = 0; i < count; i++) {
      const position = (this.#turn + i) % count;
      const { client } = this.#members[position];
      const channel = client.getChannel();
      const state = channel.getConnectivityState(false);
      // A server that was lost is to have its turn again; a channel does not connect by itself.
      if (state === IDLE) channel.getConnectivityState(true);
      if (!fits(state)) continue;
      this.#turn = (position + 1) % count;
      return client;
    }
    return undefined;
  }

  /** Has the channel connect if it does not, and tells the waiters once it is connected. */
  #observe(client: GrpcClient): void {
    if (this.#closed || this.#waiters.size === 0) return;
    const channel = client.getChannel();
    const state = channel.getConnectivityState(true);
    if (state === CONNECTED) {
      for (const waiter of [...this.#waiters]) waiter.connected(client);
    } else if (!this.#observed.has(client)) {
      this.#observed.add(client);
      channel.watchConnectivityState(state, Infinity, () => {
        this.#observed.delete(client);
        this.#observe(client);
      });
    }
  }

  async #unreachable(timeoutMs: number): Promise<ClientError> {
    const names = this.#members.map(({ text }) => text).join(", ");
    const failed = this.#next((state) => state === FAILED);
    const reason = (failed && await failureOf(failed)) ?? `no connection within ${timeoutMs} ms`;
    return new ClientError(GrpcCode.Unavailable, `Cannot connect to ${names}: ${reason}`);
  }
}

/** grpc-js tells why a channel is not connected only to a call, which fails at once then. */
function failureOf(client: GrpcClient): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const noBytes = () => Buffer.alloc(0);
  client.makeUnaryRequest("/", noBytes, noBytes, undefined, (error) => {
    resolve(error?.details.match(LAST_ERROR)?.[1]);
  });
  return promise;
}
