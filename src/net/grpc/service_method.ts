import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error_message.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { MethodDefinition } from "../../deps/grpc_js.ts";
import type { MethodType } from "./method.ts";
import type { ServerCall } from "./server_call.ts";

/** A function of the embedder: called with a call object and, for single responses, a callback. */
export type ServiceHandler = (...args: unknown[]) => unknown;

/** One method of a registered service: its codecs and its handler. */
export class ServiceMethod {
  readonly path: string;
  readonly type: MethodType;
  readonly clock: Clock;
  readonly #definition: MethodDefinition<unknown, unknown>;
  readonly #handler: ServiceHandler;
  readonly #threw: (path: string, error: unknown) => void;

  constructor(
    definition: MethodDefinition<unknown, unknown>,
    handler: ServiceHandler,
    clock: Clock,
    threw: (path: string, error: unknown) => void,
  ) {
    this.path = definition.path;
    this.type = methodType(definition.requestStream, definition.responseStream);
    this.clock = clock;
    this.#definition = definition;
    this.#handler = handler;
    this.#threw = threw;
  }

  /** Calls the handler; whatever it throws, at once or later, ends the call. */
  invoke(call: ServerCall, ...args: unknown[]): void {
    try {
      const result = this.#handler(...args);
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(call, error));
    } catch (error) {
      this.#failed(call, error);
    }
  }

  /** The request message; undefined: it cannot be read, and the call has ended. */
  deserialize(call: ServerCall, bytes: Uint8Array, start: number, end: number): unknown {
    try {
      // Decoders may keep parts of what they are given, so it gets memory of its own.
      return this.#definition.requestDeserialize(Buffer.from(bytes.subarray(start, end)));
    } catch (error) {
      call.fail(GrpcCode.Internal, `Error deserializing request: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The bytes of a response; undefined: it cannot be written, and the call has ended. */
  serialize(call: ServerCall, value: unknown): Uint8Array | undefined {
    try {
      return this.#definition.responseSerialize(value);
    } catch (error) {
      call.fail(GrpcCode.Internal, `Error serializing response: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** What a handler throws is told to the observer; the client has no business with it. */
  #failed(call: ServerCall, error: unknown): void {
    this.#threw(this.path, error);
    call.fail(GrpcCode.Unknown, "Unknown error");
  }
}

function methodType(requestStream: boolean, responseStream: boolean): MethodType {
  if (requestStream) return responseStream ? "bidi_stream" : "client_stream";
  return responseStream ? "server_stream" : "unary";
}
