import type { Timer } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { Metadata } from "../../net/grpc/metadata.ts";
import type { HttpExchange } from "../../net/http/exchange.ts";
import { JsonText } from "../../pb/json/json_text.ts";
import { JsonWriter } from "../../pb/json/json_writer.ts";
import type { MessageType } from "../../pb/json/message_type.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import type { GatewayShared } from "./shared.ts";
import { httpStatus, JSON_FIELDS, respondError, statusJson } from "./status.ts";

/** The gateway of etcd shows all metadata of a response, and this is always among it. */
const RESPONSE_FIELDS: readonly string[] = [
  ...JSON_FIELDS,
  ...["grpc-metadata-content-type", "application/grpc"],
];
const RESULT_BEGIN = '{"result":';
const RESULT_END = "}\n";

/** How a call has ended. */
interface Ending {
  readonly code: number;
  readonly message: string;
}

/**
 * Sends the response messages of one call as JSON: the only one as it is, those of a stream as one
 * line each.
 */
export class ResponseSender {
  readonly #shared: GatewayShared;
  readonly #exchange: HttpExchange;
  readonly #type: MessageType;
  readonly #isStream: boolean;
  #fields = RESPONSE_FIELDS;
  #begun = false;
  #closed = false;

  // A long message goes out in steps, and what comes behind it waits.
  #writer: JsonWriter | undefined;
  #text: JsonText | undefined;
  #waiting: Uint8Array[] = [];
  #ending: Ending | undefined;
  #timer: Timer | undefined;
  /** Whether the client takes what is sent. */
  #hasRoom = true;
  /** Called when messages that were held back have gone out. */
  onDrain: (() => void) | undefined;

  constructor(shared: GatewayShared, exchange: HttpExchange, type: MessageType, isStream: boolean) {
    this.#shared = shared;
    this.#exchange = exchange;
    this.#type = type;
    this.#isStream = isStream;
  }

  metadata(metadata: Metadata): void {
    const { fields } = metadata;
    const shown = fields.map((text, i) => i % 2 === 0 ? `grpc-metadata-${text}` : text);
    this.#fields = [...RESPONSE_FIELDS, ...shown];
  }

  /** False: the client takes messages slower than they come. */
  message(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#closed) return true;
    const isLong = end - start > GATEWAY_LIMITS.stepwiseFromBytes;
    if (!isLong && this.#writer === undefined) return this.#sendWhole(bytes, start, end);
    this.#waiting.push(bytes.slice(start, end));
    if (this.#writer === undefined) this.#nextLong();
    return this.#writer === undefined && this.#hasRoom;
  }

  /** Ends the response; what waits goes out before. */
  close(code: number, message: string): void {
    if (this.#closed || this.#ending !== undefined) return;
    if (this.#writer !== undefined) this.#ending = { code, message };
    else this.#end(code, message);
  }

  /** Refuses a request before its call has begun. */
  refuse(code: number, message: string): void {
    if (this.#closed || this.#begun) return;
    this.#closed = true;
    respondError(this.#exchange, code, message);
  }

  /** The client is gone. */
  release(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#writer = undefined;
    this.#text = undefined;
    this.#waiting = [];
  }

  /** The client has taken what was sent. */
  drained(): void {
    this.#hasRoom = true;
    if (this.#writer !== undefined) this.#pump();
    else this.onDrain?.();
  }

  #sendWhole(bytes: Uint8Array, start: number, end: number): boolean {
    const { text } = this.#shared;
    text.reset();
    if (this.#isStream) text.ascii(RESULT_BEGIN);
    new JsonWriter(this.#type, bytes, start, end, text).step(Infinity);
    if (!this.#isStream) {
      this.#closed = true;
      this.#exchange.respond(200, this.#fields, text.bytes.subarray(0, text.length));
      return true;
    }
    text.ascii(RESULT_END);
    this.#begin();
    this.#hasRoom = this.#exchange.send(text.bytes, 0, text.length);
    return this.#hasRoom;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#exchange.begin(200, this.#fields);
  }

  #nextLong(): void {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) return;
    const text = this.#text ?? new JsonText();
    this.#text = text;
    text.reset();
    if (this.#isStream) text.ascii(RESULT_BEGIN);
    this.#writer = new JsonWriter(this.#type, bytes, 0, bytes.length, text);
    this.#begin();
    this.#pump();
  }

  #pump(): void {
    for (let i = 0; i < GATEWAY_LIMITS.stepsPerTurn; i++) {
      const [writer, text] = [this.#writer, this.#text];
      if (this.#closed || writer === undefined || text === undefined) return;
      const isDone = writer.step(GATEWAY_LIMITS.stepBytes);
      if (isDone && this.#isStream) text.ascii(RESULT_END);
      this.#hasRoom = this.#exchange.send(text.bytes, 0, text.length);
      text.reset();
      if (isDone) return this.#longIsDone();
      if (!this.#hasRoom) return;
    }
    this.#timer = this.#shared.clock.setTimer(0, () => this.#pump());
  }

  #longIsDone(): void {
    this.#writer = undefined;
    if (this.#waiting.length > 0) return this.#nextLong();
    this.#text = undefined;
    if (this.#ending !== undefined) this.#end(this.#ending.code, this.#ending.message);
    else if (this.#hasRoom) this.onDrain?.();
  }

  #end(code: number, message: string): void {
    this.#closed = true;
    if (code === GrpcCode.OK) {
      // Where there was no message, there is no JSON either.
      if (!this.#begun) this.#exchange.begin(200, []);
      this.#exchange.end();
    } else if (this.#isStream) this.#endStream(code, message);
    else if (this.#begun) this.#exchange.abort();
    else respondError(this.#exchange, code, message);
  }

  #endStream(code: number, message: string): void {
    const line = `{"error":${statusJson(code, message)}}\n`;
    if (!this.#begun) return this.#exchange.respond(httpStatus(code), JSON_FIELDS, line);
    const { text } = this.#shared;
    text.reset();
    text.text(line);
    this.#exchange.send(text.bytes, 0, text.length);
    this.#exchange.end();
  }
}
