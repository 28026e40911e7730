import { GrpcCode } from "../../base/grpc_code.ts";
import type { Http2StreamListener } from "../http2/handler.ts";
import { decompress } from "./compression.ts";
import type { MessageEncoding } from "./compression.ts";
import type { Http2ServerCall } from "./http2_server_call.ts";
import type { RequestHead } from "./request_head.ts";
import type { Route } from "./route_table.ts";
import type { MessageListener } from "./server_call.ts";
import type { ServerState } from "./server_state.ts";
import { messageLength, PREFIX_BYTES, UnfinishedMessage } from "./unfinished_message.ts";

/** The flag octet of a message prefix. */
const PLAIN = 0;
const COMPRESSED = 1;

const CARDINALITY = "cardinality violation: received";
const NO_REQUEST = `${CARDINALITY} no request message from non-client-streaming RPC`;
const MANY_REQUESTS = `${CARDINALITY} multiple request messages for non-client-streaming RPC`;

/** The request side of a call over HTTP/2: turns the bytes of the stream into messages. */
export class RequestReader implements Http2StreamListener {
  readonly #state: ServerState;
  readonly #call: Http2ServerCall;
  readonly #route: Route;
  readonly #encoding: MessageEncoding;
  #listener: MessageListener | undefined = undefined;
  #unfinished: UnfinishedMessage | undefined = undefined;
  #messageCount = 0;

  constructor(state: ServerState, call: Http2ServerCall, head: RequestHead, route: Route) {
    this.#state = state;
    this.#call = call;
    this.#route = route;
    this.#encoding = head.encoding;
  }

  /** Starts the handler; must be called once, before anything else. */
  begin(): void {
    const handler = this.#route.stream;
    if (handler !== undefined) this.#listener = handler(this.#call);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    const call = this.#call;
    let position = this.#unfinished === undefined ? start : this.#continue(bytes, start, end);
    while (!call.finished && end - position >= PREFIX_BYTES) {
      if (!this.#checkPrefix(bytes, position)) return;
      const messageStart = position + PREFIX_BYTES;
      const messageEnd = messageStart + messageLength(bytes, position);
      if (messageEnd > end) break;
      this.#take(bytes[position], bytes, messageStart, messageEnd);
      position = messageEnd;
    }
    if (position < end && !call.finished) {
      this.#unfinished = new UnfinishedMessage();
      this.#continue(bytes, position, end);
    }
  }

  end(): void {
    const call = this.#call;
    if (call.finished) return;
    if (this.#unfinished !== undefined) {
      call.refuse(GrpcCode.Internal, "unexpected EOF");
    } else if (this.#route.method.singleRequest && this.#messageCount === 0) {
      call.refuse(GrpcCode.Internal, NO_REQUEST);
    } else {
      this.#listener?.halfClosed();
    }
  }

  closed(_errorCode: number): void {
    this.#call.closed();
  }

  drained(): void {
    if (!this.#call.finished) this.#call.onDrain?.();
  }

  /** Gives back what the beginning of a message takes. */
  release(): void {
    if (this.#unfinished === undefined) return;
    this.#state.unfinishedBytes -= this.#unfinished.capacity;
    this.#unfinished = undefined;
  }

  /** Adds to the message that has begun and takes it when it is whole; returns the new position. */
  #continue(bytes: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end && this.#unfinished !== undefined) {
      const unfinished = this.#unfinished;
      const hadPrefix = unfinished.hasPrefix;
      const capacityBefore = unfinished.capacity;
      position = unfinished.append(bytes, position, end);
      this.#state.unfinishedBytes += unfinished.capacity - capacityBefore;
      if (!hadPrefix && unfinished.hasPrefix && !this.#checkPrefix(unfinished.bytes, 0)) {
        return end;
      }
      if (unfinished.isWhole) {
        this.release();
        this.#take(unfinished.bytes[0], unfinished.bytes, PREFIX_BYTES, unfinished.length);
      } else if (this.#state.unfinishedBytes > this.#state.maxUnfinishedBytes) {
        this.#call.refuse(GrpcCode.ResourceExhausted, "grpc: too many unfinished messages");
        return end;
      }
    }
    return position;
  }

  /** Ends the call and returns false when no message may begin like this. */
  #checkPrefix(bytes: Uint8Array, offset: number): boolean {
    const length = messageLength(bytes, offset);
    const most = this.#state.maxReceiveMessageBytes;
    if (length > most) {
      const sizes = `(${length} vs. ${most})`;
      this.#refuseSize(`grpc: received message larger than max ${sizes}`);
      return false;
    }
    const flag = bytes[offset];
    if (flag === PLAIN) return true;
    if (flag > COMPRESSED) {
      this.#call.refuse(GrpcCode.Internal, `grpc: received unexpected payload format ${flag}`);
      return false;
    }
    if (this.#encoding === "gzip") return true;
    const text = "grpc: compressed flag set with identity or empty encoding";
    this.#call.refuse(GrpcCode.Internal, text);
    return false;
  }

  #take(flag: number, bytes: Uint8Array, start: number, end: number): void {
    if (flag === PLAIN) this.#deliver(bytes, start, end);
    else this.#takeCompressed(bytes, start, end);
  }

  #takeCompressed(bytes: Uint8Array, start: number, end: number): void {
    const most = this.#state.maxReceiveMessageBytes;
    let plain: Uint8Array | undefined;
    try {
      plain = decompress(bytes, start, end, most);
    } catch (error) {
      const text = `grpc: failed to decompress the message: ${error}`;
      this.#call.refuse(GrpcCode.Internal, text);
      return;
    }
    if (plain !== undefined) this.#deliver(plain, 0, plain.length);
    else this.#refuseSize(`grpc: received message after decompression larger than max ${most}`);
  }

  #refuseSize(text: string): void {
    this.#call.refuse(GrpcCode.ResourceExhausted, text);
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    const route = this.#route;
    if (this.#messageCount++ > 0 && route.method.singleRequest) {
      this.#call.refuse(GrpcCode.Internal, MANY_REQUESTS);
      return;
    }
    this.#state.observer?.received(route.method, end - start);
    if (route.unary !== undefined) route.unary(this.#call, bytes, start, end);
    else this.#listener?.message(bytes, start, end);
  }
}
