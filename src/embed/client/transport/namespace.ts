import { ETCD_ERRORS } from "../../../core/errors.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import { DecodeError } from "../../../pb/decode_error.ts";
import {
  type Compare,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  type RequestOp,
  type ResponseOp,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import type { KeyValue } from "../../../pb/mvccpb.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../../pb/services.ts";
import { refusalError } from "../client_error.ts";
import { latin1PrefixEnd } from "../kv/keys.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "./transport.ts";

/** What becomes of the messages of one method. */
interface MessageMaps {
  readonly request: (bytes: Uint8Array) => Uint8Array;
  readonly response: (bytes: Uint8Array) => Uint8Array;
}

const AS_IT_IS = (bytes: Uint8Array): Uint8Array => bytes;

/**
 * A transport that puts a prefix before all keys that go out and takes it from all that come back,
 * so that its client sees those keys alone. By etcd's rules "to the very end" becomes "to the end of
 * the prefix". What is not about keys passes as it is.
 */
export class NamespaceTransport implements Transport {
  readonly #inner: Transport;
  readonly #closed: () => void;
  readonly #maps: ReadonlyMap<string, MessageMaps>;

  /** The inner transport outlives this one; `closed` is called when this one is closed. */
  constructor(inner: Transport, prefix: string, closed: () => void) {
    this.#inner = inner;
    this.#closed = closed;
    this.#maps = mapsOf(new KeyMap(prefix));
  }

  async unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    const maps = this.#maps.get(path);
    if (maps === undefined) return await this.#inner.unary(path, request, options);
    return maps.response(await this.#inner.unary(path, maps.request(request), options));
  }

  stream(path: string, listener: StreamListener, options?: StreamOptions): TransportStream {
    const maps = this.#maps.get(path);
    if (maps === undefined) return this.#inner.stream(path, listener, options);
    const stream = this.#inner.stream(path, {
      message: (bytes) => listener.message(readable(bytes, maps.response)),
      closed: (error) => listener.closed(error),
    }, options);
    return {
      send: (bytes) => stream.send(maps.request(bytes)),
      halfClose: () => stream.halfClose(),
      cancel: () => stream.cancel(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }

  close(): Promise<void> {
    this.#closed();
    return Promise.resolve();
  }
}

function mapsOf(keys: KeyMap): ReadonlyMap<string, MessageMaps> {
  const range = (request: RangeRequest) => keys.enterRange(request);
  const deletion = (request: DeleteRangeRequest) => keys.enterRange(request);
  const { range: rangePath, put, deleteRange, txn } = KV_SERVICE;
  return new Map<string, MessageMaps>([
    [rangePath.path, {
      request: mapped(RangeRequest, range),
      response: mapped(RangeResponse, (response) => keys.leaveRange(response)),
    }],
    [put.path, {
      request: mapped(PutRequest, (request) => keys.enterKey(request)),
      response: mapped(PutResponse, (response) => keys.leavePair(response.prevKv)),
    }],
    [deleteRange.path, {
      request: mapped(DeleteRangeRequest, deletion),
      response: mapped(DeleteRangeResponse, (response) => keys.leavePairs(response.prevKvs)),
    }],
    [txn.path, {
      request: mapped(TxnRequest, (request) => keys.enterTxn(request)),
      response: mapped(TxnResponse, (response) => keys.leaveTxn(response)),
    }],
    [WATCH_SERVICE.watch.path, {
      request: mapped(WatchRequest, ({ createRequest }) => {
        if (createRequest === undefined) return;
        // A watch of no key is one of all keys for the server.
        if (createRequest.key === "") createRequest.key = "\0";
        keys.enterRange(createRequest);
      }),
      response: mapped(WatchResponse, ({ events }) => {
        for (const { kv, prevKv } of events) keys.leavePairs([kv, prevKv]);
      }),
    }],
    [LEASE_SERVICE.leaseTimeToLive.path, {
      request: AS_IT_IS,
      response: mapped(LeaseTimeToLiveResponse, (response) => {
        response.keys = keys.leaveKeys(response.keys);
      }),
    }],
  ]);
}

/** A message that cannot be read goes on as it is: whoever takes it says what is wrong. */
function readable(bytes: Uint8Array, map: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  try {
    return map(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return bytes;
    throw error;
  }
}

/** Changes a message on its way; `change` works on it in place. */
function mapped<T>(
  codec: MessageCodec<T>,
  change: (message: T) => void,
): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const message = codec.decode(bytes);
    change(message);
    return codec.encode(message);
  };
}

/** Moves messages into the namespace and out of it, in place. Keys are latin1 strings. */
class KeyMap {
  readonly #prefix: string;
  readonly #end: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#end = latin1PrefixEnd(prefix);
  }

  enterKey(request: { key: string }): void {
    if (request.key === "") {
      throw refusalError(ETCD_ERRORS.emptyKey);
    }
    request.key = this.#prefix + request.key;
  }

  enterRange(request: { key: string; rangeEnd: string }): void {
    this.enterKey(request);
    if (request.rangeEnd === "\0") request.rangeEnd = this.#end;
    else if (request.rangeEnd !== "") request.rangeEnd = this.#prefix + request.rangeEnd;
  }

  enterTxn({ compare, success, failure }: TxnRequest): void {
    for (const condition of compare) this.#enterCondition(condition);
    for (const operation of [...success, ...failure]) this.#enterOperation(operation);
  }

  #enterCondition(condition: Compare): void {
    this.enterRange(condition);
  }

  #enterOperation(operation: RequestOp): void {
    const { requestRange, requestPut, requestDeleteRange, requestTxn } = operation;
    if (requestRange !== undefined) this.enterRange(requestRange);
    if (requestPut !== undefined) this.enterKey(requestPut);
    if (requestDeleteRange !== undefined) this.enterRange(requestDeleteRange);
    if (requestTxn !== undefined) this.enterTxn(requestTxn);
  }

  leavePair(pair: KeyValue | undefined): void {
    if (pair !== undefined) pair.key = pair.key.slice(this.#prefix.length);
  }

  leavePairs(pairs: readonly (KeyValue | undefined)[]): void {
    for (const pair of pairs) this.leavePair(pair);
  }

  leaveRange(response: RangeResponse): void {
    this.leavePairs(response.kvs);
  }

  leaveTxn(response: TxnResponse): void {
    for (const operation of response.responses) this.#leaveOperation(operation);
  }

  #leaveOperation(operation: ResponseOp): void {
    const { responseRange, responsePut, responseDeleteRange, responseTxn } = operation;
    if (responseRange !== undefined) this.leaveRange(responseRange);
    this.leavePair(responsePut?.prevKv);
    if (responseDeleteRange !== undefined) this.leavePairs(responseDeleteRange.prevKvs);
    if (responseTxn !== undefined) this.leaveTxn(responseTxn);
  }

  /** A lease may hold keys of others as well, which are not to be seen here. */
  leaveKeys(keys: readonly string[]): string[] {
    return keys.filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length));
  }
}
