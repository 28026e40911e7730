import type { Clock, Timer } from "../../base/clock.ts";
import {
  type ResponseHeader,
  type WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../pb/etcdserverpb.ts";
import { WATCH_SERVICE } from "../../pb/services.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import type { Namespace } from "./namespace.ts";
import { type Caller, isRefusal, type Upstream, type UpstreamStream } from "./upstream.ts";

/** One watch of a client, as the broadcast that feeds it sees it. */
export interface BroadcastMember {
  /** The first revision that it has not seen. */
  nextRevision: number;
  /** The servers watch; everything from `nextRevision` on will come. */
  created(header: ResponseHeader | undefined): void;
  /** Something happened, or nothing did: then there are no events. */
  changed(response: WatchResponse): void;
  /** The servers ended the watch. */
  canceled(response: WatchResponse): void;
  /** The servers are gone, and who watches wants to know. */
  failed(code: number, details: string): void;
}

/** What all watches share that can be served by one. */
export interface WatchShape {
  readonly caller: Caller;
  /** In the keys of the servers. */
  readonly request: WatchCreateRequest;
}

/** What a broadcast needs of those around it. */
interface BroadcastHooks {
  /** It has come further, so that it may be joined with another one. */
  moved(broadcast: Broadcast): void;
  /** It will send nothing more. */
  ended(broadcast: Broadcast): void;
  coalesced(eventCount: number): void;
}

/** One watch at the servers that feeds any number of watches of clients. */
export class Broadcast {
  readonly shape: WatchShape;
  readonly members = new Set<BroadcastMember>();
  /** The first revision that has not come yet; 0 before the servers have said where they begin. */
  nextRevision = 0;
  /** Whether it has seen all there was when its last message was sent. */
  isCurrent: boolean;
  readonly #upstream: Upstream;
  readonly #namespace: Namespace;
  readonly #clock: Clock;
  readonly #hooks: BroadcastHooks;
  readonly #startRevision: number;
  #header: ResponseHeader | undefined;
  #stream: UpstreamStream | undefined;
  #retry: Timer | undefined;
  #isOver = false;

  constructor(
    shape: WatchShape,
    startRevision: number,
    surroundings: {
      readonly upstream: Upstream;
      readonly namespace: Namespace;
      readonly clock: Clock;
      readonly hooks: BroadcastHooks;
    },
  ) {
    this.shape = shape;
    this.#startRevision = startRevision;
    this.isCurrent = startRevision === 0;
    this.#upstream = surroundings.upstream;
    this.#namespace = surroundings.namespace;
    this.#clock = surroundings.clock;
    this.#hooks = surroundings.hooks;
    this.#open();
  }

  /** Whether the servers have said where the watch begins. */
  get isCreated(): boolean {
    return this.nextRevision > 0;
  }

  /** The header of something that is up to date with this broadcast. */
  get header(): ResponseHeader | undefined {
    return this.#header === undefined
      ? undefined
      : { ...this.#header, revision: this.nextRevision - 1 };
  }

  /** Lets the servers forget the watch. */
  close(): void {
    this.#isOver = true;
    this.#retry?.cancel();
    this.#stream?.cancel();
  }

  #open(): void {
    const { caller, request } = this.shape;
    this.#stream = this.#upstream.stream(WATCH_SERVICE.watch.path, caller, {
      message: (bytes) => this.#take(WatchResponse.decode(bytes)),
      closed: (code, details) => this.#lost(code, details),
    });
    const createRequest = {
      ...request,
      startRevision: this.isCreated ? this.nextRevision : this.#startRevision,
      // Without events it must be known, too, how far the watch has come.
      progressNotify: true,
      watchId: 0n,
      fragment: false,
    };
    this.#stream.send(WatchRequest.encode(WatchRequest.create({ createRequest })));
  }

  #take(response: WatchResponse): void {
    if (this.#isOver) return;
    const { header, created, canceled, events } = response;
    this.#header = header ?? this.#header;
    if (canceled) {
      this.#end();
      for (const member of this.members) member.canceled(response);
    } else if (created) {
      this.#created(header);
    } else {
      this.#changed(response, events.at(-1)?.kv?.modRevision ?? header?.revision ?? 0);
    }
  }

  #created(header: ResponseHeader | undefined): void {
    // Not the first time: the watch was lost meanwhile.
    if (this.isCreated) return;
    this.nextRevision = this.#startRevision || (header?.revision ?? 0) + 1;
    for (const member of this.members) {
      member.nextRevision ||= this.nextRevision;
      member.created(this.header);
    }
    this.#hooks.moved(this);
  }

  #changed(response: WatchResponse, revision: number): void {
    const { header, events } = response;
    for (const event of events) this.#namespace.leave([event.kv, event.prevKv]);
    this.nextRevision = Math.max(this.nextRevision, revision + 1);
    this.isCurrent ||= revision === header?.revision;
    if (events.length > 0) this.#hooks.coalesced(events.length * (this.members.size - 1));
    for (const member of [...this.members]) member.changed(response);
    this.#hooks.moved(this);
  }

  #lost(code: number, details: string): void {
    if (this.#isOver) return;
    if (this.shape.caller.requiresLeader || isRefusal(code)) {
      this.#end();
      for (const member of [...this.members]) member.failed(code, details);
      return;
    }
    this.#retry = this.#clock.setTimer(GRPC_PROXY_LIMITS.watchRetryMs, () => this.#open());
  }

  #end(): void {
    this.close();
    this.#hooks.ended(this);
  }
}
