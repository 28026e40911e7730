import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "../../deps/grpc_js.ts";
import type { RouteTable } from "./route_table.ts";
import type { MessageListener, ServerCall } from "./server_call.ts";
import {
  ServiceDuplexCall,
  ServiceReadableCall,
  ServiceUnaryCall,
  ServiceWritableCall,
} from "./service_calls.ts";
import { metadataFromHandler } from "./service_metadata.ts";
import { ServiceMethod } from "./service_method.ts";
import type { ServiceHandler } from "./service_method.ts";
import { failWithError } from "./service_status.ts";

interface ServiceRegisterOptions {
  readonly routes: RouteTable;
  readonly clock: Clock;
  /** Hears of what handlers throw. */
  readonly threw: (path: string, error: unknown) => void;
}

/** Registers every method of a service defined and implemented as for grpc-js. */
export function registerService(
  options: ServiceRegisterOptions,
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): void {
  for (const [name, method] of Object.entries(definition)) {
    const handler = handlerOf(implementation, name, method);
    registerMethod(options, new ServiceMethod(method, handler, options.clock, options.threw));
  }
}

function registerMethod(options: ServiceRegisterOptions, method: ServiceMethod): void {
  const { path, type } = method;
  if (type === "unary") {
    options.routes.addUnary(path, (call, bytes, start, end) => {
      handleUnary(method, call, bytes, start, end);
    });
  } else if (type === "server_stream") {
    options.routes.addStream(path, type, (call) => handleServerStream(method, call));
  } else {
    options.routes.addStream(path, type, (call) => handleRequestStream(method, call));
  }
}

function handlerOf(
  implementation: UntypedServiceImplementation,
  name: string,
  method: MethodDefinition<unknown, unknown>,
): ServiceHandler {
  const originalName = method.originalName;
  const found: unknown = implementation[name] ??
    (originalName === undefined ? undefined : implementation[originalName]);
  if (typeof found === "function") {
    return (...args) => Reflect.apply(found, implementation, args);
  }
  return (...args) => refuse(args, `The server does not implement the method ${name}`);
}

/** The callback comes last; handlers of streams have the call object, which takes errors. */
function refuse(args: readonly unknown[], details: string): void {
  const error = { code: GrpcCode.Unimplemented, details };
  const last = args[args.length - 1];
  if (typeof last === "function") last(error);
  else if (last instanceof ServiceWritableCall || last instanceof ServiceDuplexCall) {
    last.emit("error", error);
  }
}

function handleUnary(
  method: ServiceMethod,
  call: ServerCall,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const request = method.deserialize(call, bytes, start, end);
  if (call.finished) return;
  const surface = new ServiceUnaryCall(call, method, request);
  method.invoke(call, surface, responder(method, call));
}

function handleServerStream(method: ServiceMethod, call: ServerCall): MessageListener {
  return {
    message(bytes, start, end) {
      const request = method.deserialize(call, bytes, start, end);
      if (!call.finished) method.invoke(call, new ServiceWritableCall(call, method, request));
    },
    halfClosed() {},
  };
}

function handleRequestStream(method: ServiceMethod, call: ServerCall): MessageListener {
  const stream = invokeRequestStream(method, call);
  return {
    message(bytes, start, end) {
      const request = method.deserialize(call, bytes, start, end);
      if (!call.finished) stream.takeMessage(request);
    },
    halfClosed() {
      stream.halfClosed();
    },
  };
}

function invokeRequestStream(
  method: ServiceMethod,
  call: ServerCall,
): ServiceReadableCall | ServiceDuplexCall {
  if (method.type === "client_stream") {
    const stream = new ServiceReadableCall(call, method);
    method.invoke(call, stream, responder(method, call));
    return stream;
  }
  const stream = new ServiceDuplexCall(call, method);
  method.invoke(call, stream);
  return stream;
}

/** The callback of handlers that give a single response. */
function responder(method: ServiceMethod, call: ServerCall): ServiceHandler {
  return (error, value, trailers) => {
    if (error !== null && error !== undefined) {
      failWithError(call, error, trailers);
      return;
    }
    const bytes = method.serialize(call, value);
    if (bytes === undefined) return;
    call.respond(bytes, 0, bytes.length, metadataFromHandler(trailers));
  };
}
