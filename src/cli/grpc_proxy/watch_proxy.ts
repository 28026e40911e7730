import type { ServiceRegistry } from "../../api/service_registry.ts";
import { failCall } from "../../api/v3/calls.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import {
  type ResponseHeader,
  type WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../pb/etcdserverpb.ts";
import { WATCH_SERVICE } from "../../pb/services.ts";
import type { BroadcastMember, WatchShape } from "./broadcast.ts";
import type { Namespace } from "./namespace.ts";
import { Caller } from "./upstream.ts";
import type { ProxyWatchHub } from "./watch_hub.ts";

/** The ID under which etcd refuses a watch whose own is taken, and tells progress. */
const NO_WATCH_ID = -1n;

/** etcdserverpb.Watch: watches of the same keys share one at the servers. */
export class WatchProxy {
  readonly #hub: ProxyWatchHub;
  readonly #namespace: Namespace;

  constructor(hub: ProxyWatchHub, namespace: Namespace) {
    this.#hub = hub;
    this.#namespace = namespace;
  }

  register(registry: ServiceRegistry): void {
    registry.addStream(
      WATCH_SERVICE.watch.path,
      (call) => new WatchStream(call, this.#hub, this.#namespace),
      "bidi_stream",
    );
  }
}

/** The watches of one client stream. */
class WatchStream implements MessageListener {
  readonly #call: ServerCall;
  readonly #hub: ProxyWatchHub;
  readonly #namespace: Namespace;
  readonly #caller: Caller;
  readonly #watchers = new Map<bigint, Watcher>();
  #nextId = 0n;
  #lastHeader: ResponseHeader | undefined;
  /** The client reads slower than things happen: it is fed again once it has caught up. */
  #isCongested = false;

  constructor(call: ServerCall, hub: ProxyWatchHub, namespace: Namespace) {
    this.#call = call;
    this.#hub = hub;
    this.#namespace = namespace;
    this.#caller = new Caller(call.metadata);
    call.onCancel = () => this.#leaveAll();
    call.onDrain = () => this.#drained();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const request = WatchRequest.decode(bytes.slice(start, end));
      const { createRequest, cancelRequest, progressRequest } = request;
      if (createRequest !== undefined) this.#create(createRequest);
      else if (cancelRequest !== undefined) this.#cancel(cancelRequest.watchId);
      else if (progressRequest !== undefined) this.#tellProgress();
    } catch (error) {
      this.#leaveAll();
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {
    this.#leaveAll();
    this.#call.end();
  }

  send(fields: Partial<WatchResponse>): void {
    this.#lastHeader = fields.header ?? this.#lastHeader;
    const bytes = WatchResponse.encode(WatchResponse.create(fields));
    if (this.#call.send(bytes, 0, bytes.length) || this.#isCongested) return;
    this.#isCongested = true;
    for (const watcher of this.#watchers.values()) this.#hub.leave(watcher);
  }

  /** A watch has ended by itself. */
  forget(watcher: Watcher): void {
    this.#watchers.delete(watcher.id);
    this.#hub.leave(watcher);
  }

  fail(code: number, details: string): void {
    this.#leaveAll();
    this.#call.fail(code, details);
  }

  #create(request: WatchCreateRequest): void {
    const id = request.watchId === 0n ? this.#freeId() : request.watchId;
    if (this.#watchers.has(id)) {
      const cancelReason = ETCD_ERRORS.duplicateWatchId.message;
      const refusal = { created: true, canceled: true, cancelReason };
      this.send({ ...refusal, watchId: NO_WATCH_ID, header: this.#lastHeader });
      return;
    }
    this.#namespace.enter(request);
    const watcher = new Watcher(this, id, request, { caller: this.#caller, request });
    this.#watchers.set(id, watcher);
    if (!this.#isCongested) this.#hub.join(watcher, watcher.shape);
  }

  #freeId(): bigint {
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancel(id: bigint): void {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return;
    this.forget(watcher);
    this.send({ watchId: id, canceled: true, header: this.#lastHeader });
  }

  /** Tells the revision up to which all watches of the stream have everything. */
  #tellProgress(): void {
    const revisions = [...this.#watchers.values()].map(({ nextRevision }) => nextRevision - 1);
    const revision = Math.min(...revisions);
    if (this.#lastHeader === undefined || revision < 0 || revision === Infinity) return;
    this.send({ watchId: NO_WATCH_ID, header: { ...this.#lastHeader, revision } });
  }

  #drained(): void {
    if (!this.#isCongested) return;
    this.#isCongested = false;
    for (const watcher of this.#watchers.values()) {
      if (this.#isCongested) return;
      this.#hub.join(watcher, watcher.shape);
    }
  }

  #leaveAll(): void {
    for (const watcher of this.#watchers.values()) this.#hub.leave(watcher);
    this.#watchers.clear();
  }
}

/** One watch of a client. */
class Watcher implements BroadcastMember {
  readonly id: bigint;
  readonly shape: WatchShape;
  nextRevision: number;
  readonly #stream: WatchStream;
  readonly #wantsProgress: boolean;
  #isCreated = false;

  constructor(stream: WatchStream, id: bigint, request: WatchCreateRequest, shape: WatchShape) {
    this.#stream = stream;
    this.id = id;
    this.shape = shape;
    this.nextRevision = request.startRevision;
    this.#wantsProgress = request.progressNotify;
  }

  created(header: ResponseHeader | undefined): void {
    // It was fed before, and the client knows it.
    if (this.#isCreated) return;
    this.#isCreated = true;
    this.#stream.send({ watchId: this.id, created: true, header });
  }

  changed(response: WatchResponse): void {
    const { header } = response;
    const isNew = (revision: number): boolean => revision >= this.nextRevision;
    const events = response.events.filter(({ kv }) => isNew(kv?.modRevision ?? 0));
    if (events.length > 0) {
      this.nextRevision = (events.at(-1)?.kv?.modRevision ?? 0) + 1;
      this.#stream.send({ watchId: this.id, header, events });
    } else if (response.events.length === 0) {
      this.nextRevision = Math.max(this.nextRevision, (header?.revision ?? 0) + 1);
      if (this.#wantsProgress) this.#stream.send({ watchId: this.id, header });
    }
  }

  canceled(response: WatchResponse): void {
    this.#stream.forget(this);
    this.#stream.send({
      ...response,
      watchId: this.id,
      created: response.created && !this.#isCreated,
    });
  }

  failed(code: number, details: string): void {
    this.#stream.fail(code, details);
  }
}
