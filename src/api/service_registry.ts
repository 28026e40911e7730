import type { MethodType } from "../net/grpc/method.ts";
import type { StreamHandler, UnaryHandler } from "../net/grpc/server_call.ts";

/** Where services are added: a gRPC server on a socket, or the in-process transport. */
export interface ServiceRegistry {
  addUnary(path: string, handler: UnaryHandler): void;
  /** `type` decides how many messages the client may send. */
  addStream(path: string, handler: StreamHandler, type: MethodType): void;
}
