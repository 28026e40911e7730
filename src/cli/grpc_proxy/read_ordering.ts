import { GrpcCode } from "../../base/grpc_code.ts";
import { ClientError } from "../../embed/client/client_error.ts";
import { RangeResponse } from "../../pb/etcdserverpb.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";

/**
 * Sees to it that what the proxy reads never goes back in time: an answer that is older than one
 * before it, from a server that is behind, is asked for again of the next server.
 */
export class ReadOrdering {
  readonly #endpointCount: () => number;
  #newestRevision = 0;

  constructor(endpointCount: () => number) {
    this.#endpointCount = endpointCount;
  }

  /** Rejects with etcd's words when no server is as far as one was before. */
  async read(ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const attempts = GRPC_PROXY_LIMITS.orderedReadsPerEndpoint * this.#endpointCount();
    // What was seen while the answer was under way says nothing about it.
    const leastRevision = this.#newestRevision;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const bytes = await ask();
      const revision = RangeResponse.decode(bytes).header?.revision ?? 0;
      this.#newestRevision = Math.max(this.#newestRevision, revision);
      if (revision >= leastRevision) return bytes;
    }
    throw new ClientError(
      GrpcCode.Unknown,
      "etcdclient: no cluster members have a revision higher than the previously received revision",
    );
  }
}
