import type { StreamHandler, UnaryHandler } from "../net/grpc/server_call.ts";

/** Where services are added: a gRPC server on a socket, or the in-process transport. */
export interface ServiceRegistry {
  addUnary(path: string, handler: UnaryHandler): void;
  addStream(path: string, handler: StreamHandler): void;
}
