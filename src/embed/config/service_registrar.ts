/** A gRPC server before it serves: services can be added to it. */
export interface ServiceRegistrar {
  /** Adds a service as grpc-js describes it. */
  addService(
    definition: Readonly<Record<string, unknown>>,
    implementation: Readonly<Record<string, unknown>>,
  ): void;
}
