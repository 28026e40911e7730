import { grpcCodeName } from "../../base/grpc_code.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { EncodedEvents } from "../../core/mvcc/watch/watch_event.ts";
import {
  NO_WATCH_ID,
  type WatchCreated,
  type WatchSink,
  type WatchStream,
  type WatchTarget,
} from "../../core/mvcc/watch/watch_stream.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import { DecodeError } from "../../pb/decode_error.ts";
import { type WatchCreateRequest, WatchRequest } from "../../pb/etcdserverpb.ts";
import { WATCH_SERVICE } from "../../pb/services.ts";
import { Writer } from "../../pb/writer.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { EndlessStream } from "../../server/open_streams.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requesterOf } from "./access.ts";
import { failCall } from "./calls.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

const WATCH_ID_TAG = 0x10;
const CREATED_TAG = 0x18;
const CANCELED_TAG = 0x20;
const COMPACT_REVISION_TAG = 0x28;
const CANCEL_REASON_TAG = 0x32;
const FRAGMENT_TAG = 0x38;

/** What a watch without a key begins at. */
const FIRST_KEY = "\0";

/** etcdserverpb.Watch. */
export class WatchService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;

  constructor(server: EtcdServer) {
    this.#server = server;
    this.#header = new ResponseHeaderWriter(server);
  }

  register(registry: ServiceRegistry): void {
    registry.addStream(
      WATCH_SERVICE.watch.path,
      (call) => new WatchCall(call, this.#server, this.#header),
      "bidi_stream",
    );
  }
}

/** `send` copies before it returns, so all streams share one writer. */
const writer = new Writer();

/** One Watch stream: requests go to the hub, what the hub says goes to the client. */
class WatchCall implements MessageListener, WatchSink, EndlessStream {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #stream: WatchStream;

  constructor(call: ServerCall, server: EtcdServer, header: ResponseHeaderWriter) {
    this.#call = call;
    this.#server = server;
    this.#header = header;
    this.#stream = server.hub.openStream(this);
    server.streams.add(this);
    call.onCancel = (reason) => {
      if (reason === "refused") server.counts.streamFailures.received("watch");
      this.#close();
    };
    call.onDrain = () => this.#resume();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    const { counts, config: { clock } } = this.#server;
    const startedMs = clock.monotonicMs();
    try {
      this.#handle(WatchRequest.decode(bytes, start, end));
    } catch (error) {
      if (error instanceof DecodeError) counts.streamFailures.received("watch");
      this.#close();
      failCall(this.#call, error);
    }
    counts.watches.controls.add((clock.monotonicMs() - startedMs) / 1000);
  }

  /** As in etcd, a client that has nothing more to ask goes on watching. */
  halfClosed(): void {}

  serverStopping(): void {
    this.#close();
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  events(target: WatchTarget, revision: number, events: EncodedEvents, fragment: boolean): boolean {
    writer.reset();
    this.#header.writeAt(writer, revision);
    writer.raw(target.idField);
    if (fragment) {
      writer.tag(FRAGMENT_TAG);
      writer.bool(true);
    }
    writer.raw(events.bytes, events.start, events.end);
    return this.#call.send(writer.buffer, 0, writer.position);
  }

  canceled(watchId: bigint, compactRevision: number, reason: string): void {
    this.#begin(watchId, this.#server.store.currentRevision);
    this.#finishCanceled(compactRevision, reason);
  }

  progress(watchId: bigint, revision: number): void {
    this.#begin(watchId, revision);
    this.#send();
  }

  #close(): void {
    this.#stream.close();
    this.#server.streams.delete(this);
  }

  #handle({ createRequest, cancelRequest, progressRequest }: WatchRequest): void {
    if (createRequest !== undefined) this.#create(createRequest);
    else if (cancelRequest !== undefined) this.#cancel(cancelRequest.watchId);
    else if (progressRequest !== undefined) this.#stream.requestProgress();
  }

  #create(request: WatchCreateRequest): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return this.#answerRefused(refusal);
    const created = this.#stream.create(request);
    this.#answerCreated(created);
    // A watch of the past has its history to get.
    this.#server.wakeWatchers();
  }

  /** Why the client may not watch what it asks for; later changes of its rights do not matter. */
  #refusalOf({ key, rangeEnd, startRevision }: WatchCreateRequest): EtcdError | undefined {
    const { auth } = this.#server;
    // etcd looks at this first, and so does the hub.
    if (!auth.enabled || startRevision < 0) return undefined;
    try {
      const requester = requesterOf(auth, this.#call);
      requester.admit();
      auth.store.checkRead(requester, key === "" ? FIRST_KEY : key, rangeEnd);
      return undefined;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      return error;
    }
  }

  #answerRefused({ code, message }: EtcdError): void {
    this.#answerCreated({
      watchId: NO_WATCH_ID,
      revision: this.#server.store.currentRevision,
      cancelReason: `rpc error: code = ${grpcCodeName(code)} desc = ${message}`,
    });
  }

  #answerCreated({ watchId, revision, cancelReason }: WatchCreated): void {
    this.#begin(watchId, revision);
    writer.tag(CREATED_TAG);
    writer.bool(true);
    if (cancelReason === "") this.#send();
    else this.#finishCanceled(0, cancelReason);
  }

  #cancel(watchId: bigint): void {
    if (!this.#stream.cancel(watchId)) return;
    this.#begin(watchId, this.#server.store.currentRevision);
    this.#finishCanceled(0, "");
  }

  #resume(): void {
    this.#call.resume();
    this.#stream.resume();
    this.#server.wakeWatchers();
  }

  #begin(watchId: bigint, revision: number): void {
    writer.reset();
    this.#header.writeAt(writer, revision);
    if (watchId === 0n) return;
    writer.tag(WATCH_ID_TAG);
    writer.int64(watchId);
  }

  #finishCanceled(compactRevision: number, reason: string): void {
    writer.tag(CANCELED_TAG);
    writer.bool(true);
    if (compactRevision !== 0) {
      writer.tag(COMPACT_REVISION_TAG);
      writer.int64Number(compactRevision);
    }
    if (reason !== "") {
      writer.tag(CANCEL_REASON_TAG);
      writer.string(reason);
    }
    this.#send();
  }

  /** A client that does not take its answers is not heard any more until it does. */
  #send(): void {
    if (!this.#call.send(writer.buffer, 0, writer.position)) this.#call.pause();
  }
}
