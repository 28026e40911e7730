import { ETCD_ERRORS } from "../../core/errors.ts";
import type { KeyValueRef } from "../../core/mvcc/change.ts";
import { checkRange } from "../../core/mvcc/request_checks.ts";
import type { RangeResult } from "../../core/mvcc/store.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import { RangeRequest, SortOrder, SortTarget } from "../../pb/etcdserverpb.ts";
import { Writer } from "../../pb/writer.ts";
import { BackgroundWork } from "../../server/background.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { requireReadable } from "./access.ts";
import { failCall, whenReadable } from "./calls.ts";
import { writeRangeFields, writeRangeKeyValues } from "./kv_responses.ts";
import { V3_LIMITS } from "./limits.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/** Field 1 of RangeStreamResponse: the range response that a message carries. */
const RANGE_RESPONSE_TAG = 0x0a;
/** The first message holds so many keys; from then on size decides. */
const FIRST_CHUNK_KEYS = 10;

/**
 * One RangeStream call: the pairs of a range in messages of moderate size, all of the revision
 * at which the first was read. Header, `more` and `count` come with the last message.
 */
export class RangeStream implements MessageListener {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #writer = new Writer();
  #result: RangeResult | undefined;
  /** The revision at which the range was opened; a client may watch from there on. */
  #revision = 0;
  #sentKeys = 0;
  #chunkKeys = FIRST_CHUNK_KEYS;

  constructor(call: ServerCall, server: EtcdServer, header: ResponseHeaderWriter) {
    this.#call = call;
    this.#server = server;
    this.#header = header;
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const request = RangeRequest.decode(bytes, start, end);
      checkStreamable(request);
      if (request.serializable) this.#begin(request);
      else whenReadable(this.#server, this.#call, () => this.#begin(request));
    } catch (error) {
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  /** Reads the range in slices, since it may be too large for one turn. */
  #begin(request: RangeRequest): void {
    const { auth, store, counts: { ranges }, config: { clock } } = this.#server;
    requireReadable(auth, this.#call, request);
    const startedMs = clock.monotonicMs();
    const cursor = store.openRange(request);
    this.#revision = store.currentRevision;
    const reading = new BackgroundWork(
      () => {
        if (cursor.step(V3_LIMITS.rangeKeysPerTurn)) return true;
        this.#result = cursor.result();
        ranges.addRead(true, startedMs);
        this.#call.onDrain = () => this.#sendChunks();
        this.#sendChunks();
        return false;
      },
      (error) => this.#server.fail(error),
      clock,
    );
    this.#call.onCancel = () => {
      reading.stop();
      cursor.cancel();
      this.#result = undefined;
    };
    reading.wake();
  }

  /** Sends until the client's window is full; the drain of the stream calls it again. */
  #sendChunks(): void {
    const result = this.#result;
    if (result === undefined) return;
    while (this.#sentKeys + this.#chunkKeys < result.kvs.length) {
      const chunk = result.kvs.slice(this.#sentKeys, this.#sentKeys + this.#chunkKeys);
      this.#sentKeys += chunk.length;
      if (!this.#sendChunk(chunk)) return;
    }
    this.#sendLast(result);
  }

  #sendChunk(kvs: readonly KeyValueRef[]): boolean {
    const writer = this.#writer;
    writer.reset();
    writer.tag(RANGE_RESPONSE_TAG);
    const message = writer.beginMessage();
    writeRangeKeyValues(writer, kvs);
    writer.endMessage(message);
    this.#adaptChunk(writer.position);
    return this.#call.send(writer.buffer, 0, writer.position);
  }

  #sendLast(result: RangeResult): void {
    this.#result = undefined;
    const writer = this.#writer;
    writer.reset();
    writer.tag(RANGE_RESPONSE_TAG);
    const message = writer.beginMessage();
    this.#header.writeAt(writer, this.#revision);
    const kvs = result.kvs.slice(this.#sentKeys);
    writeRangeFields(writer, { kvs, more: result.more, count: result.count });
    writer.endMessage(message);
    this.#call.send(writer.buffer, 0, writer.position);
    this.#call.end();
  }

  /** Aims at messages of about the size that a single request may have. */
  #adaptChunk(sizeBytes: number): void {
    const targetBytes = this.#server.config.maxRequestBytes;
    if (sizeBytes < targetBytes / 2) this.#chunkKeys *= 2;
    else if (sizeBytes > targetBytes * 2) this.#chunkKeys = Math.max(1, this.#chunkKeys >> 1);
  }
}

function checkStreamable(request: RangeRequest): void {
  checkRange(request);
  const { sortOrder, sortTarget } = request;
  // As in etcd, what to sort by does not matter while no order is asked for.
  const isDefaultOrder = sortOrder === SortOrder.NONE ||
    (sortTarget === SortTarget.KEY && sortOrder === SortOrder.ASCEND);
  if (!isDefaultOrder) throw ETCD_ERRORS.rangeStreamSort;
  const filtered = request.minModRevision !== 0 || request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 || request.maxCreateRevision !== 0;
  if (filtered) throw ETCD_ERRORS.rangeStreamFilters;
}
