/** Every bound of this room, each with its reason. */
export const GRPC_PROXY_LIMITS = {
  /** Answers to serializable reads that are kept; as many as etcd's proxy keeps. */
  cachedResponses: 2_048,
  /** Bytes of those answers: few large ones must not fill the memory. */
  cachedBytes: 64 * 1024 * 1024,
  /** A request of a client; gRPC's own bound of 4 MiB, less what stands around a message. */
  requestBytes: 4 * 1024 * 1024 - 512 * 1024,
  /** A server that does not answer in this time is as good as gone. */
  dialTimeoutMs: 5_000,
  /** A watch that was lost is opened again after this time, so that a dead cluster is left alone. */
  watchRetryMs: 250,
  /** A read that met servers which are behind is tried so often for each server, as in etcd. */
  orderedReadsPerEndpoint: 5,
  /** /health gives up on the read behind it after this time, as in etcd. */
  healthReadMs: 1_000,
  /** /proxy/health gives up on the watch behind it after this time, as in etcd. */
  healthWatchMs: 3_000,
  /** A registration that failed is tried again after this time. */
  registerRetryMs: 1_000,
  /** What calls that are under way when the proxy ends may take. */
  closeGraceMs: 2_000,
} as const;
