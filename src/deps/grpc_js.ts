/**
 * The client of gRPC for tests and tools, and the types of service definitions. Server modules use
 * `import type` only: the library takes some 100 ms to load.
 */
export type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
  ServiceError,
  UntypedServiceImplementation,
} from "npm:@grpc/grpc-js@1.14.7";
export {
  Client,
  compressionAlgorithms,
  credentials,
  makeClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "npm:@grpc/grpc-js@1.14.7";
