import type { EtcdError } from "../../core/errors.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { HashKVResponse } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { HashedRevision, HashRequest, HashWaiter } from "../../server/hash_queue.ts";
import { respond } from "./call_waiter.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/** A HashKV call that waits for its hash. */
export class HashKvCall implements HashWaiter {
  readonly #call: ServerCall;
  readonly #header: ResponseHeaderWriter;

  constructor(
    call: ServerCall,
    server: EtcdServer,
    header: ResponseHeaderWriter,
    revision: number,
  ) {
    this.#call = call;
    this.#header = header;
    const request: HashRequest = { revision, waiter: this };
    call.onCancel = () => server.hashes.cancel(request);
    server.hashes.add(request);
  }

  hashed({ hash, compactRevision, hashRevision }: HashedRevision, currentRevision: number): void {
    const response = HashKVResponse.create({ hash, compactRevision, hashRevision });
    respond(this.#call, (writer) => {
      this.#header.writeAt(writer, currentRevision);
      HashKVResponse.write(response, writer);
    }, undefined);
  }

  failed(error: EtcdError): void {
    this.#call.fail(error.code, error.message);
  }
}
