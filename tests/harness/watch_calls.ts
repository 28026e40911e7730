import assert from "node:assert/strict";
import { textFromBytes } from "../../src/base/bytes.ts";
import {
  WatchCancelRequest,
  WatchCreateRequest,
  WatchProgressRequest,
  type WatchRequest,
  type WatchResponse,
} from "../../src/pb/etcdserverpb.ts";
import { type Event, EventType } from "../../src/pb/mvccpb.ts";
import { WATCH_SERVICE } from "../../src/pb/services.ts";
import type { GrpcClient, GrpcStream } from "./grpc_client.ts";
import { prefixEnd } from "./kv_calls.ts";

/** One watch stream, which carries any number of watchers. */
export class WatchClient {
  readonly stream: GrpcStream<WatchRequest, WatchResponse>;

  constructor(client: GrpcClient) {
    this.stream = client.open(WATCH_SERVICE.watch);
  }

  /** Asks for a watcher and waits until the server says that it is there. */
  async create(key: string, fields: Partial<WatchCreateRequest> = {}): Promise<WatchResponse> {
    this.ask(key, fields);
    const response = await this.stream.next();
    assert.ok(response.created, "the first answer says created");
    return response;
  }

  /** The same for everything that begins with the prefix. */
  createPrefix(prefix: string, fields: Partial<WatchCreateRequest> = {}): Promise<WatchResponse> {
    return this.create(prefix, { rangeEnd: prefixEnd(prefix), ...fields });
  }

  ask(key: string, fields: Partial<WatchCreateRequest> = {}): void {
    this.stream.send({ createRequest: WatchCreateRequest.create({ key, ...fields }) });
  }

  cancel(watchId: bigint): void {
    this.stream.send({ cancelRequest: WatchCancelRequest.create({ watchId }) });
  }

  requestProgress(): void {
    this.stream.send({ progressRequest: WatchProgressRequest.create() });
  }

  next(timeoutMs?: number): Promise<WatchResponse> {
    return this.stream.next(timeoutMs);
  }

  /** Collects events, over as many responses as it takes. */
  async events(count: number): Promise<Event[]> {
    const events: Event[] = [];
    while (events.length < count) events.push(...(await this.next()).events);
    return events;
  }
}

/** `+key=value` for a put and `-key` for a delete, the test's prefix cut off. */
export function changes(events: readonly Event[], prefix = ""): string[] {
  return events.map(({ type, kv }) => {
    const key = kv?.key.slice(prefix.length) ?? "?";
    return type === EventType.DELETE
      ? `-${key}`
      : `+${key}=${textFromBytes(kv?.value ?? new Uint8Array())}`;
  });
}

export function eventRevisions(events: readonly Event[]): number[] {
  return events.map((event) => event.kv?.modRevision ?? 0);
}
