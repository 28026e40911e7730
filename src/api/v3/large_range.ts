import type { Clock } from "../../base/clock.ts";
import type { KeyValueRef } from "../../core/mvcc/change.ts";
import type { RangeCursor } from "../../core/mvcc/range_cursor.ts";
import type { RangeResult } from "../../core/mvcc/store.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { Writer } from "../../pb/writer.ts";
import { BackgroundWork } from "../../server/background.ts";
import { writeRangeKeyValues, writeRangeTail } from "./kv_responses.ts";
import { V3_LIMITS } from "./limits.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/** Who wants to hear how a large range goes. */
interface LargeRangeHooks {
  /** All of it is read; it is yet to be encoded. */
  read(): void;
  /** What is thrown on the way is a defect. */
  failed(error: unknown): void;
  /** By which it is done in turns. */
  readonly clock: Clock;
}

/**
 * A range too large for one turn of the event loop: it is read and encoded in slices, at the
 * revision at which it was opened, and that revision stands in its header, so that a client may
 * watch from there on.
 */
export class LargeRange {
  readonly #call: ServerCall;
  readonly #cursor: RangeCursor;
  readonly #header: ResponseHeaderWriter;
  readonly #revision: number;
  readonly #writer = new Writer();
  readonly #work: BackgroundWork;
  readonly #onRead: () => void;
  #result: RangeResult | undefined;
  #encoded = 0;

  constructor(
    call: ServerCall,
    cursor: RangeCursor,
    header: ResponseHeaderWriter,
    revision: number,
    hooks: LargeRangeHooks,
  ) {
    this.#call = call;
    this.#cursor = cursor;
    this.#header = header;
    this.#revision = revision;
    this.#onRead = hooks.read;
    this.#work = new BackgroundWork(() => this.#slice(), hooks.failed, hooks.clock);
    call.onCancel = () => this.#stop();
    this.#work.wake();
  }

  #stop(): void {
    this.#work.stop();
    this.#cursor.cancel();
  }

  /** Returns whether there is more to do. */
  #slice(): boolean {
    if (this.#result === undefined) {
      if (this.#cursor.step(V3_LIMITS.rangeKeysPerTurn)) return true;
      this.#result = this.#cursor.result();
      this.#onRead();
      this.#header.writeAt(this.#writer, this.#revision);
      return true;
    }
    const { kvs } = this.#result;
    if (this.#encoded < kvs.length) {
      this.#encodeSome(kvs);
      return true;
    }
    writeRangeTail(this.#writer, this.#result);
    this.#call.respond(this.#writer.buffer, 0, this.#writer.position);
    return false;
  }

  #encodeSome(kvs: readonly KeyValueRef[]): void {
    let end = this.#encoded;
    for (let bytes = 0; end < kvs.length && bytes < V3_LIMITS.rangeBytesPerTurn; end++) {
      bytes += kvs[end].end - kvs[end].start;
    }
    writeRangeKeyValues(this.#writer, kvs.slice(this.#encoded, end));
    this.#encoded = end;
  }
}
