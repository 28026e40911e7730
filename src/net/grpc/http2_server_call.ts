import { GrpcCode } from "../../base/grpc_code.ts";
import type { Http2Stream } from "../http2/handler.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { compress } from "./compression.ts";
import { NOT_QUEUED } from "./deadline_queue.ts";
import type { DeadlineHolder } from "./deadline_queue.ts";
import type { Metadata } from "./metadata.ts";
import type { GrpcMethod } from "./method.ts";
import type { RequestHead } from "./request_head.ts";
import type { RequestReader } from "./request_reader.ts";
import type { EndReason, ServerCall } from "./server_call.ts";
import type { ServerState } from "./server_state.ts";
import { encodeStatusMessage } from "./status_message.ts";
import { PREFIX_BYTES } from "./unfinished_message.ts";

const OK_TRAILERS: readonly string[] = ["grpc-status", "0"];

/** The stream copies the prefix before it returns, so one array serves all. */
const prefix = new Uint8Array(PREFIX_BYTES);

/**
 * The response side of a call over HTTP/2: what the handler says becomes frames. It is its own
 * entry in the queue of deadlines, which saves an object for each call.
 */
export class Http2ServerCall implements ServerCall, DeadlineHolder {
  onCancel: ((reason: EndReason) => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  cancelled = false;
  finished = false;
  readonly deadlineMs: number;
  /** The request side, which holds memory that a finished call must give back. */
  reader: RequestReader | undefined = undefined;

  // These belong to the queue of deadlines.
  heapIndex = NOT_QUEUED;
  heapKey = 0;
  queuePrevious: DeadlineHolder | undefined = undefined;
  queueNext: DeadlineHolder | undefined = undefined;

  readonly #state: ServerState;
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #method: GrpcMethod;
  readonly #startMs: number;
  /** Tells the tracer that the call has ended. */
  #traceEnded: ((code: number) => void) | undefined = undefined;
  #headersSent = false;
  #responseMetadata: Metadata | undefined = undefined;

  constructor(state: ServerState, stream: Http2Stream, head: RequestHead, method: GrpcMethod) {
    this.#state = state;
    this.#stream = stream;
    this.#head = head;
    this.#method = method;
    const needsTime = head.timeoutMs !== Infinity || state.timed;
    this.#startMs = needsTime ? state.clock.monotonicMs() : state.slowCalls?.coarseMs() ?? 0;
    this.deadlineMs = this.#startMs + head.timeoutMs;
  }

  get path(): string {
    return this.#head.path;
  }

  get metadata(): Metadata {
    return this.#head.metadata;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get remote(): RemoteEnd {
    return this.#stream.remote;
  }

  /** Must be called first, once. */
  begin(): void {
    const { tracer } = this.#state;
    if (tracer !== undefined) this.#traceEnded = tracer.started(this, this.#method);
    this.#state.activeCalls++;
    this.#state.observer?.started(this.#method, this.#head);
    if (this.deadlineMs <= this.#startMs) this.#failDeadline();
    else if (this.deadlineMs !== Infinity) this.#state.deadlines.add(this, this.#startMs);
  }

  sendMetadata(metadata: Metadata): void {
    if (this.finished || this.#headersSent) return;
    this.#responseMetadata = metadata;
    this.#sendHeaders();
  }

  respond(bytes: Uint8Array, start: number, end: number, trailers?: Metadata): void {
    if (this.finished) return;
    const sizeBytes = end - start;
    if (sizeBytes > this.#state.maxSendMessageBytes) {
      this.#refuseTooLarge("grpc: trying to send message", sizeBytes);
      return;
    }
    this.#state.observer?.sent(this.#method, sizeBytes);
    if (this.#head.encoding === "gzip" && sizeBytes > 0) {
      const compressed = compress(bytes, start, end);
      this.#sendResponse(1, compressed, 0, compressed.length, trailers);
    } else {
      this.#sendResponse(0, bytes, start, end, trailers);
    }
    this.#finish(GrpcCode.OK);
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.finished) return true;
    const sizeBytes = end - start;
    if (sizeBytes > this.#state.maxSendMessageBytes) {
      this.#refuseTooLarge("trying to send message", sizeBytes);
      return true;
    }
    this.#state.observer?.sent(this.#method, sizeBytes);
    this.#sendHeaders();
    if (this.#head.encoding === "gzip" && sizeBytes > 0) {
      const compressed = compress(bytes, start, end);
      this.#sendMessage(1, compressed, 0, compressed.length);
    } else {
      this.#sendMessage(0, bytes, start, end);
    }
    return !this.#stream.congested;
  }

  end(trailers?: Metadata): void {
    if (this.finished) return;
    this.#sendTrailers(okTrailers(trailers));
    this.#finish(GrpcCode.OK);
  }

  fail(code: number, message: string, trailers?: Metadata): void {
    if (this.finished) return;
    const fields = ["grpc-status", String(code), "grpc-message", encodeStatusMessage(message)];
    if (trailers !== undefined) fields.push(...trailers.fields);
    this.#sendTrailers(fields);
    this.#finish(code);
  }

  pause(): void {
    if (!this.finished) this.#stream.pause();
  }

  resume(): void {
    if (!this.finished) this.#stream.resume();
  }

  /** The stream is gone. */
  closed(): void {
    if (this.finished) return;
    this.cancelled = true;
    this.#finish(GrpcCode.Canceled);
    this.onCancel?.("cancelled");
  }

  deadlinePassed(): void {
    if (this.finished) return;
    this.cancelled = true;
    this.#failDeadline();
    this.onCancel?.("deadline");
  }

  /** Ends the call on account of a message that the handler does not get to see, or to send. */
  refuse(code: number, message: string): void {
    if (this.finished) return;
    this.cancelled = true;
    this.fail(code, message);
    this.onCancel?.("refused");
  }

  #failDeadline(): void {
    this.fail(GrpcCode.DeadlineExceeded, "context deadline exceeded");
  }

  #refuseTooLarge(what: string, sizeBytes: number): void {
    const most = this.#state.maxSendMessageBytes;
    this.refuse(GrpcCode.ResourceExhausted, `${what} larger than max (${sizeBytes} vs. ${most})`);
  }

  #sendResponse(
    flag: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    trailers: Metadata | undefined,
  ): void {
    if (this.#headersSent) {
      this.#sendMessage(flag, bytes, start, end);
      this.#sendTrailers(okTrailers(trailers));
      return;
    }
    writePrefix(flag, end - start);
    const headers = this.#head.responseHeaders;
    this.#stream.sendResponse(headers, bytes, start, end, okTrailers(trailers), prefix);
  }

  #sendMessage(flag: number, bytes: Uint8Array, start: number, end: number): void {
    writePrefix(flag, end - start);
    this.#stream.sendData(bytes, start, end, false, prefix);
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const metadata = this.#responseMetadata;
    const headers = this.#head.responseHeaders;
    this.#stream.sendHeaders(
      metadata === undefined ? headers : [...headers, ...metadata.fields],
      false,
    );
  }

  /** Without a message before them they are the whole response. */
  #sendTrailers(fields: readonly string[]): void {
    const whole = this.#headersSent ? fields : [...this.#head.responseHeaders, ...fields];
    this.#stream.sendHeaders(whole, true);
  }

  #finish(code: number): void {
    const state = this.#state;
    this.finished = true;
    this.reader?.release();
    this.#traceEnded?.(code);
    state.callEnded(this, this.#method, this.#startMs, code);
    if (--state.activeCalls === 0) state.onIdle?.();
  }
}

function okTrailers(metadata: Metadata | undefined): readonly string[] {
  return metadata === undefined ? OK_TRAILERS : [...OK_TRAILERS, ...metadata.fields];
}

function writePrefix(flag: number, length: number): void {
  prefix[0] = flag;
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
}
