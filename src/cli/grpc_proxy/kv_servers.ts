import { DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from "../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../pb/services.ts";
import type { Asker } from "./asker.ts";
import type { ReadOrdering } from "./read_ordering.ts";
import type { ServerCalls } from "./upstream.ts";

/** Who answers requests for keys, in the keys of the servers; the answers are encoded responses. */
export interface KvServers {
  range(asker: Asker, request: RangeRequest): Promise<Uint8Array>;
  put(asker: Asker, request: PutRequest): Promise<Uint8Array>;
  deleteRange(asker: Asker, request: DeleteRangeRequest): Promise<Uint8Array>;
  txn(asker: Asker, request: TxnRequest): Promise<Uint8Array>;
}

/** The servers themselves. */
export class DirectKv implements KvServers {
  readonly #upstream: ServerCalls;
  readonly #ordering: ReadOrdering | undefined;

  constructor(upstream: ServerCalls, ordering: ReadOrdering | undefined) {
    this.#upstream = upstream;
    this.#ordering = ordering;
  }

  async range(asker: Asker, request: RangeRequest): Promise<Uint8Array> {
    const encoded = RangeRequest.encode(request);
    const ask = () => this.#ask(asker, KV_SERVICE.range.path, encoded);
    return this.#ordering === undefined ? await ask() : await this.#ordering.read(ask);
  }

  put(asker: Asker, request: PutRequest): Promise<Uint8Array> {
    return this.#ask(asker, KV_SERVICE.put.path, PutRequest.encode(request));
  }

  deleteRange(asker: Asker, request: DeleteRangeRequest): Promise<Uint8Array> {
    return this.#ask(asker, KV_SERVICE.deleteRange.path, DeleteRangeRequest.encode(request));
  }

  txn(asker: Asker, request: TxnRequest): Promise<Uint8Array> {
    return this.#ask(asker, KV_SERVICE.txn.path, TxnRequest.encode(request));
  }

  #ask(asker: Asker, path: string, request: Uint8Array): Promise<Uint8Array> {
    return this.#upstream.unary(path, request, asker.caller, asker.remainingMs(), asker.signal);
  }
}
