import { EMPTY_BYTES } from "../../base/bytes.ts";
import type { Timer } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { CallReceiver } from "../../net/grpc/in_process_call.ts";
import type { Metadata } from "../../net/grpc/metadata.ts";
import type { RoutedCall } from "../../net/grpc/routed_call.ts";
import { parseTimeout } from "../../net/grpc/timeout.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";
import { JsonError } from "../../pb/json/json_error.ts";
import { JsonReader, readJsonMessage } from "../../pb/json/json_reader.ts";
import type { MessageType } from "../../pb/json/message_type.ts";
import { Writer } from "../../pb/writer.ts";
import { callMetadata } from "./call_metadata.ts";
import { HeldBytes } from "./held_bytes.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import { MessageSplitter } from "./message_splitter.ts";
import { ResponseSender } from "./response_sender.ts";
import type { GatewayMethod } from "./routes.ts";
import type { GatewayShared } from "./shared.ts";
import { GatewayError } from "./status.ts";

/** The types of a method's messages. */
interface MethodTypes {
  readonly request: MessageType;
  readonly response: MessageType;
}

/** What both kinds of calls have in common: the way back, and all ways to end. */
abstract class GatewayCall implements ExchangeListener, CallReceiver {
  protected readonly shared: GatewayShared;
  protected call: RoutedCall | undefined;
  readonly #exchange: HttpExchange;
  readonly #method: GatewayMethod;
  protected readonly requestType: MessageType;
  readonly #sender: ResponseSender;

  constructor(
    shared: GatewayShared,
    exchange: HttpExchange,
    method: GatewayMethod,
    types: MethodTypes,
  ) {
    this.shared = shared;
    this.#exchange = exchange;
    this.#method = method;
    this.requestType = types.request;
    this.#sender = new ResponseSender(shared, exchange, types.response, method.responseStream);
    this.#sender.onDrain = () => this.call?.drained();
    exchange.listener = this;
  }

  abstract data(bytes: Uint8Array, start: number, end: number): void;
  abstract end(): void;
  protected abstract releaseRequest(): void;

  /** The client is gone. */
  closed(): void {
    this.releaseRequest();
    this.#sender.release();
    this.call?.cancel();
  }

  /** The call is over. */
  ended(code: number, message: string): void {
    this.releaseRequest();
    this.#sender.close(code, message);
  }

  drained(): void {
    this.#sender.drained();
  }

  metadata(metadata: Metadata): void {
    this.#sender.metadata(metadata);
  }

  message(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#sender.message(bytes, start, end);
  }

  paused(isPaused: boolean): void {
    if (isPaused) this.#exchange.pause();
    else this.#exchange.resume();
  }

  /** Begins the call; what keeps it from beginning is answered. */
  protected beginCall(): RoutedCall | undefined {
    const exchange = this.#exchange;
    this.call = this.shared.grpc.call({
      path: this.#method.path,
      metadata: callMetadata(exchange.headers),
      authority: exchange.authority,
      remote: callerOf(exchange.remote),
      timeoutMs: timeoutOf(exchange),
      receiver: this,
    });
    return this.call;
  }

  /** Reads a request from its text and gives it to the handler. */
  protected give(bytes: Uint8Array, start: number, end: number): void {
    const { writer } = this.shared;
    writer.reset();
    readJsonMessage(this.requestType, bytes, start, end, writer);
    this.giveRead(writer);
  }

  /** Gives what was read to the handler. */
  protected giveRead(writer: Writer): void {
    const call = this.call ?? this.beginCall();
    call?.give(writer.buffer, 0, writer.position);
  }

  /** Answers with what was thrown over the request; what nobody expected goes on upwards. */
  protected guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof GatewayError) this.refuse(error.code, error.message);
      else if (error instanceof JsonError) this.refuse(GrpcCode.InvalidArgument, error.message);
      else throw error;
    }
  }

  /** Ends the request on account of what is wrong with it. */
  protected refuse(code: number, message: string): void {
    this.releaseRequest();
    if (this.call === undefined) this.#sender.refuse(code, message);
    else this.#sender.close(code, message);
    this.call?.cancel();
  }
}

/** A call with one request, which the whole body makes up. */
export class SingleRequestCall extends GatewayCall {
  #body: HeldBytes | undefined;
  #timer: Timer | undefined;

  data(bytes: Uint8Array, start: number, end: number): void {
    this.#body ??= new HeldBytes(this.shared, this.shared.maxBodyBytes);
    const body = this.#body;
    this.guarded(() => body.add(bytes, start, end));
  }

  end(): void {
    const sizeBytes = this.#body?.sizeBytes ?? 0;
    if (sizeBytes > GATEWAY_LIMITS.stepwiseFromBytes) return this.#readInSteps(sizeBytes);
    const bytes = this.#body?.take() ?? EMPTY_BYTES;
    this.guarded(() => {
      this.give(bytes, 0, bytes.length);
      this.call?.halfClose();
    });
  }

  /** Others get their turns while a long text is read. */
  #readInSteps(sizeBytes: number): void {
    const bytes = this.#body?.take() ?? EMPTY_BYTES;
    const writer = new Writer();
    const reader = new JsonReader(this.requestType, bytes, 0, sizeBytes, writer);
    const readOn = (): void =>
      this.guarded(() => {
        for (let i = 0; i < GATEWAY_LIMITS.readStepsPerTurn; i++) {
          if (!reader.step(GATEWAY_LIMITS.stepBytes)) continue;
          this.giveRead(writer);
          this.call?.halfClose();
          return;
        }
        this.#timer = this.shared.clock.setTimer(0, readOn);
      });
    readOn();
  }

  protected releaseRequest(): void {
    this.#timer?.cancel();
    this.#body?.release();
  }
}

/** A call whose body carries any number of requests, one behind the other. */
export class ManyRequestsCall extends GatewayCall {
  readonly #splitter = new MessageSplitter(
    this.shared,
    (bytes, start, end) => this.give(bytes, start, end),
  );

  /** Begins the call before there is a request. */
  begin(): void {
    this.guarded(() => void this.beginCall());
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.guarded(() => this.#splitter.add(bytes, start, end));
  }

  end(): void {
    this.guarded(() => {
      this.#splitter.finish();
      this.call?.halfClose();
    });
  }

  protected releaseRequest(): void {
    this.#splitter.release();
  }
}

/** The other ends of connections, as calls see them that come through the gateway. */
const callers = new WeakMap<RemoteEnd, RemoteEnd>();

/** Nobody is somebody through the gateway because of a certificate. */
function callerOf(remote: RemoteEnd): RemoteEnd {
  if (remote.commonName === undefined) return remote;
  const known = callers.get(remote);
  if (known !== undefined) return known;
  const caller = { ...remote, commonName: undefined };
  callers.set(remote, caller);
  return caller;
}

function timeoutOf({ headers }: HttpExchange): number {
  const text = headers.get("grpc-timeout");
  if (text === undefined || text === "") return Infinity;
  const timeoutMs = parseTimeout(text);
  if (typeof timeoutMs === "number") return timeoutMs;
  throw new GatewayError(GrpcCode.InvalidArgument, `invalid grpc-timeout: ${text}`);
}
