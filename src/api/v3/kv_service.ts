import { checkTxnRights } from "../../core/auth/request_rights.ts";
import type { EtcdError } from "../../core/errors.ts";
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  isReadOnlyTxn,
  isSerializableTxn,
} from "../../core/mvcc/request_checks.ts";
import type {
  DeleteRangeResult,
  PutResult,
  RangeResult,
  TxnResult,
} from "../../core/mvcc/store.ts";
import { putCostBytes, txnCostBytes } from "../../core/quota/request_cost.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { OperationField } from "../../server/operations/field.ts";
import {
  CompactionOperation,
  DeleteRangeOperation,
  PutOperation,
  TxnOperation,
} from "../../server/operations/kv.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { admitWriter, requesterOf, requireReadable, requireRoot } from "./access.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { refuseSpace, refusing, whenReadable } from "./calls.ts";
import {
  writeDeleteRangeResponse,
  writePutResponse,
  writeRangeResponse,
  writeTxnResponse,
} from "./kv_responses.ts";
import { LargeRange } from "./large_range.ts";
import { V3_LIMITS } from "./limits.ts";
import { RangeStream } from "./range_stream.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

/** Whether a range surely looks at few keys: one key, or a count that the index knows. */
function isShort(request: RangeRequest): boolean {
  return request.rangeEnd === "" || (request.countOnly && request.revision <= 0);
}

/** etcdserverpb.KV: reads answer from the store, writes go through the log. */
export class KvService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #writeRange: ResponseWriter<RangeResult>;
  readonly #writePut: ResponseWriter<PutResult>;
  readonly #writeDeleteRange: ResponseWriter<DeleteRangeResult>;
  readonly #writeTxn: ResponseWriter<TxnResult>;
  readonly #writeCompaction: ResponseWriter<void>;

  constructor(server: EtcdServer) {
    this.#server = server;
    const header = new ResponseHeaderWriter(server);
    this.#header = header;
    this.#writeRange = (writer, result) => writeRangeResponse(writer, header, result);
    this.#writePut = (writer, result) => writePutResponse(writer, header, result);
    this.#writeDeleteRange = (writer, result) => writeDeleteRangeResponse(writer, header, result);
    this.#writeTxn = (writer, result) => writeTxnResponse(writer, header, result);
    this.#writeCompaction = (writer) => header.write(writer);
  }

  register(registry: ServiceRegistry): void {
    const { range, put, deleteRange, txn, compact, rangeStream } = KV_SERVICE;
    registry.addUnary(range.path, refusing((c, b, start, end) => this.#range(c, b, start, end)));
    registry.addUnary(put.path, refusing((c, b, start, end) => this.#put(c, b, start, end)));
    registry.addUnary(
      deleteRange.path,
      refusing((c, b, start, end) => this.#deleteRange(c, b, start, end)),
    );
    registry.addUnary(txn.path, refusing((c, b, start, end) => this.#txn(c, b, start, end)));
    registry.addUnary(
      compact.path,
      refusing((c, b, start, end) => this.#compact(c, b, start, end)),
    );
    registry.addStream(
      rangeStream.path,
      (call) => new RangeStream(call, this.#server, this.#header),
      "server_stream",
    );
  }

  #range(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = RangeRequest.decode(bytes, start, end);
    checkRange(request);
    if (request.serializable || this.#server.readableNow) {
      if (isShort(request)) this.#answerShortRange(call, request);
      else this.#answerRange(call, request, this.#nowMs());
      return;
    }
    const requestedMs = this.#nowMs();
    whenReadable(
      this.#server,
      call,
      () => this.#answerRange(call, request, requestedMs),
      () => this.#server.counts.ranges.gaveUp(requestedMs),
    );
  }

  #answerShortRange(call: ServerCall, request: RangeRequest): void {
    const { store, counts: { ranges } } = this.#server;
    ranges.begin();
    let isDone = false;
    try {
      requireReadable(this.#server.auth, call, request);
      respond(call, this.#writeRange, store.range(request));
      isDone = true;
    } finally {
      ranges.end(isDone);
    }
  }

  #answerRange(call: ServerCall, request: RangeRequest, requestedMs: number): void {
    const { store, counts: { ranges }, config: { clock } } = this.#server;
    const startedMs = this.#nowMs();
    const read = (): void => ranges.add(true, requestedMs, startedMs);
    const failed = (error: unknown): void => this.#server.fail(error);
    try {
      requireReadable(this.#server.auth, call, request);
      const cursor = store.openRange(request);
      if (cursor.step(V3_LIMITS.rangeKeysPerTurn)) {
        new LargeRange(call, cursor, this.#header, store.currentRevision, { read, failed, clock });
      } else {
        respond(call, this.#writeRange, cursor.result());
        read();
      }
    } catch (error) {
      ranges.add(false, requestedMs, startedMs);
      throw error;
    }
  }

  #nowMs(): number {
    return this.#server.config.clock.monotonicMs();
  }

  #put(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const requester = requesterOf(this.#server.auth, call);
    const frame = this.#server.frame(OperationField.PUT, bytes, start, end, requester);
    const request = PutRequest.decode(frame, frame.length - (end - start));
    if (!this.#server.quota.fits(putCostBytes(request))) return refuseSpace(this.#server, call);
    checkPut(request);
    admitWriter(this.#server.auth, requester);
    this.#server.propose(
      new PutOperation(request, new CallWaiter(call, this.#writePut), requester),
      frame,
      call.remote.work,
    );
  }

  #deleteRange(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const requester = requesterOf(this.#server.auth, call);
    const frame = this.#server.frame(OperationField.DELETE_RANGE, bytes, start, end, requester);
    const request = DeleteRangeRequest.decode(frame, frame.length - (end - start));
    checkDeleteRange(request);
    admitWriter(this.#server.auth, requester);
    this.#server.propose(
      new DeleteRangeOperation(request, new CallWaiter(call, this.#writeDeleteRange), requester),
      frame,
      call.remote.work,
    );
  }

  #txn(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const requester = requesterOf(this.#server.auth, call);
    const frame = this.#server.frame(OperationField.TXN, bytes, start, end, requester);
    const request = TxnRequest.decode(frame, frame.length - (end - start));
    if (!this.#server.quota.fits(txnCostBytes(request))) return refuseSpace(this.#server, call);
    checkTxn(request, this.#server.config.maxTxnOps);
    if (isReadOnlyTxn(request)) return this.#readOnlyTxn(call, request);
    admitWriter(this.#server.auth, requester);
    this.#server.propose(
      new TxnOperation(request, new CallWaiter(call, this.#writeTxn), requester),
      frame,
      call.remote.work,
    );
  }

  /** A transaction without writes changes nothing, so it need not go through the log. */
  #readOnlyTxn(call: ServerCall, request: TxnRequest): void {
    const { auth, lessor, store, counts: { readOnlyTxns } } = this.#server;
    const requestedMs = this.#nowMs();
    const ended = (isDone: boolean): void =>
      readOnlyTxns.add(isDone, (this.#nowMs() - requestedMs) / 1000);
    const answer = (): void => {
      let isDone = false;
      try {
        const requester = requesterOf(auth, call);
        requester.admit();
        checkTxnRights(auth.store, requester, request, lessor);
        auth.store.checkPresent(requester);
        respond(call, this.#writeTxn, store.txn(request));
        isDone = true;
      } finally {
        ended(isDone);
      }
    };
    if (isSerializableTxn(request) || this.#server.readableNow) answer();
    else whenReadable(this.#server, call, answer, () => ended(false));
  }

  #compact(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const requester = requireRoot(this.#server.auth, call);
    const frame = this.#server.frame(OperationField.COMPACTION, bytes, start, end, requester);
    const request = CompactionRequest.decode(frame, frame.length - (end - start));
    const answer = () => respond(call, this.#writeCompaction, undefined);
    const waiter = {
      applied(removed: Promise<void>): void {
        if (request.physical) removed.then(answer);
        else answer();
      },
      failed: (error: EtcdError) => call.fail(error.code, error.message),
    };
    const operation = new CompactionOperation(request, waiter, requester);
    this.#server.propose(operation, frame, call.remote.work);
  }
}
