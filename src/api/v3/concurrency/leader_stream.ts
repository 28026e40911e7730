import { ETCD_ERRORS } from "../../../core/errors.ts";
import type { MessageListener, ServerCall } from "../../../net/grpc/server_call.ts";
import type { ResponseHeader } from "../../../pb/etcdserverpb.ts";
import { EventType, type KeyValue } from "../../../pb/mvccpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import { LeaderRequest, LeaderResponse } from "../../../pb/v3electionpb.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import type { EndlessStream } from "../../../server/open_streams.ts";
import { failCall } from "../calls.ts";
import type { CallerClient } from "./caller_client.ts";
import { type InnerWatch, WatchCompacted } from "./inner_watch.ts";
import { firstInQueue, queuePrefix, rangeOfQueue, revisionOf } from "./key_queue.ts";
import { failWith } from "./outcome.ts";

/** A pair with the header of what told it. */
interface Told {
  readonly header: ResponseHeader | undefined;
  readonly kv: KeyValue;
}

/** One Observe stream: who leads, what it proclaims, and who leads next, until the client goes. */
export class LeaderStream implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #caller: CallerClient;
  #drained = Promise.withResolvers<void>();

  constructor(call: ServerCall, server: EtcdServer, caller: CallerClient) {
    this.#call = call;
    this.#server = server;
    this.#caller = caller;
    call.onDrain = () => this.#drained.resolve();
    caller.onGone = () => {
      server.streams.delete(this);
      this.#drained.resolve();
    };
    server.streams.add(this);
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { name } = LeaderRequest.decode(bytes, start, end);
      this.#observeAll(queuePrefix(name))
        .catch((error) => failWith(this.#server, this.#call, error))
        .finally(() => this.#server.streams.delete(this));
    } catch (error) {
      this.#server.streams.delete(this);
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  serverStopping(): void {
    failCall(this.#call, ETCD_ERRORS.stopped);
    this.#drained.resolve();
  }

  async #observeAll(prefix: string): Promise<void> {
    while (!this.#caller.isGone) {
      try {
        await this.#observe(prefix);
      } catch (error) {
        // A client that is slow, and a compaction meanwhile: it gets the leader of now.
        if (!(error instanceof WatchCompacted)) throw error;
      }
    }
  }

  /** Tells of one leader, from its election on. */
  async #observe(prefix: string): Promise<void> {
    const { header, kvs } = await this.#caller.request(KV_SERVICE.range, firstInQueue(prefix));
    const found = kvs.length > 0
      ? { header, kv: kvs[0] }
      : await this.#firstPut(prefix, revisionOf(header));
    if (found === undefined) return;
    await this.#tell(found);
    await this.#follow(found);
  }

  /** Waits until somebody stands for election; undefined when the caller went before. */
  async #firstPut(prefix: string, startRevision: number): Promise<Told | undefined> {
    const watch = this.#caller.watch({ ...rangeOfQueue(prefix), startRevision });
    try {
      for (;;) {
        const response = await watch.next();
        if (response === undefined) return undefined;
        const kv = response.events.find(({ type }) => type === EventType.PUT)?.kv;
        if (kv !== undefined) return { header: at(response.header, kv.modRevision), kv };
      }
    } finally {
      watch.close();
    }
  }

  /** Tells what becomes of a leader's key until it is gone. */
  async #follow({ header, kv }: Told): Promise<void> {
    const watch = this.#caller.watch({ key: kv.key, startRevision: revisionOf(header) + 1 });
    try {
      while (await this.#tellNext(watch));
    } finally {
      watch.close();
    }
  }

  async #tellNext(watch: InnerWatch): Promise<boolean> {
    const response = await watch.next();
    if (response === undefined) return false;
    for (const { type, kv } of response.events) {
      if (type === EventType.DELETE) return false;
      if (kv !== undefined) await this.#tell({ header: response.header, kv });
    }
    return true;
  }

  /** Resolves when the client has room for more. */
  async #tell({ header, kv }: Told): Promise<void> {
    const bytes = LeaderResponse.encode({ header, kv });
    if (this.#caller.isGone || this.#call.send(bytes, 0, bytes.length)) return;
    this.#drained = Promise.withResolvers();
    await this.#drained.promise;
  }
}

function at(header: ResponseHeader | undefined, revision: number): ResponseHeader | undefined {
  return header === undefined ? undefined : { ...header, revision };
}
