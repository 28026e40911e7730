import { checkLeaseReadRights, checkLeaseWriteRights } from "../../core/auth/request_rights.ts";
import type { Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { LEASE_COST_BYTES } from "../../core/quota/request_cost.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import { DecodeError } from "../../pb/decode_error.ts";
import {
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
} from "../../pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../pb/services.ts";
import { Writer } from "../../pb/writer.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import {
  LeaseGrantOperation,
  type LeaseGrantResult,
  LeaseRevokeOperation,
} from "../../server/operations/lease.ts";
import type { EndlessStream } from "../../server/open_streams.ts";
import { yieldTurn } from "../../server/turns.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requireUser } from "./access.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { failCall, refuseSpace, refusing, whenReadable } from "./calls.ts";
import { V3_LIMITS } from "./limits.ts";
import { failWithServer } from "./disk_failure.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

/** Tags of LeaseGrantResponse, LeaseKeepAliveResponse, LeaseTimeToLiveResponse and LeaseLeases. */
const ID_TAG = 0x10;
const TTL_TAG = 0x18;
const GRANTED_TTL_TAG = 0x20;
const KEYS_TAG = 0x2a;
const LEASES_TAG = 0x12;
const LEASE_STATUS_ID_TAG = 0x08;

/** What LeaseTimeToLive answers. */
interface TimeToLiveResult {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  readonly keys: readonly string[];
}

/** etcdserverpb.Lease. Keep-alives renew in the leader's memory and never touch the log. */
export class LeaseService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #writeGrant: ResponseWriter<LeaseGrantResult>;
  readonly #writeRevoke: ResponseWriter<void>;
  readonly #writeTimeToLive: ResponseWriter<TimeToLiveResult>;
  readonly #writeLeases: ResponseWriter<readonly bigint[]>;

  constructor(server: EtcdServer) {
    this.#server = server;
    const header = new ResponseHeaderWriter(server);
    this.#header = header;
    this.#writeRevoke = (writer) => header.write(writer);
    this.#writeGrant = (writer, { id, ttlSeconds }) => {
      header.write(writer);
      writeLease(writer, id, ttlSeconds);
    };
    this.#writeTimeToLive = (writer, result) => {
      header.write(writer);
      writeTimeToLive(writer, result);
    };
    this.#writeLeases = (writer, ids) => {
      header.write(writer);
      for (const id of ids) writeLeaseStatus(writer, id);
    };
  }

  register(registry: ServiceRegistry): void {
    const { leaseGrant, leaseRevoke, leaseKeepAlive, leaseTimeToLive, leaseLeases } = LEASE_SERVICE;
    registry.addUnary(
      leaseGrant.path,
      refusing((c, b, start, end) => this.#grant(c, b, start, end)),
    );
    registry.addUnary(
      leaseRevoke.path,
      refusing((c, b, start, end) => this.#revoke(c, b, start, end)),
    );
    registry.addUnary(
      leaseTimeToLive.path,
      refusing((c, b, start, end) => this.#timeToLive(c, b, start, end)),
    );
    registry.addUnary(leaseLeases.path, refusing((call) => this.#leases(call)));
    registry.addStream(
      leaseKeepAlive.path,
      (call) => new KeepAliveStream(call, this.#server, this.#header),
      "bidi_stream",
    );
  }

  #grant(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = LeaseGrantRequest.decode(bytes, start, end);
    if (!this.#server.quota.fits(LEASE_COST_BYTES)) return refuseSpace(this.#server, call);
    const requester = requireUser(this.#server.auth, call);
    if (request.id === 0n) request.id = this.#server.newLeaseId();
    this.#server.proposeEncoded(
      new LeaseGrantOperation(request, new CallWaiter(call, this.#writeGrant), requester),
      LeaseGrantRequest.encode(request),
      call.remote.work,
    );
  }

  #revoke(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = LeaseRevokeRequest.decode(bytes, start, end);
    const requester = requireUser(this.#server.auth, call);
    this.#server.proposeEncoded(
      new LeaseRevokeOperation(request, new CallWaiter(call, this.#writeRevoke), requester),
      bytes.subarray(start, end),
      call.remote.work,
    );
  }

  #timeToLive(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = LeaseTimeToLiveRequest.decode(bytes, start, end);
    whenReadable(this.#server, call, () => {
      const { auth, lessor, config } = this.#server;
      const requester = requireUser(auth, call);
      if (request.keys) checkLeaseReadRights(auth.store, requester, request.id, lessor);
      const times = lessor.timeToLive(request.id, config.clock.monotonicMs());
      respond(call, this.#writeTimeToLive, {
        id: request.id,
        ttlSeconds: times?.remainingSeconds ?? -1,
        grantedTtlSeconds: times?.grantedSeconds ?? 0,
        keys: request.keys ? lessor.keys(request.id) : [],
      });
    });
  }

  #leases(call: ServerCall): void {
    const { auth, lessor } = this.#server;
    const answer = (): void => respond(call, this.#writeLeases, lessor.leases());
    whenReadable(this.#server, call, () => {
      const requester = requireUser(auth, call);
      if (auth.store.isRoot(requester)) return answer();
      this.#checkAllLeases(call, requester).then(answer)
        .catch((error) => failWithServer(call, this.#server, error));
    });
  }

  /** Who may not read every key on a lease is not told of the leases either. There may be many. */
  async #checkAllLeases(call: ServerCall, requester: Requester): Promise<void> {
    const { auth, lessor, config: { clock } } = this.#server;
    let count = 0;
    for (const { id } of lessor.all()) {
      for (const key of lessor.attachedKeys(id)) {
        auth.store.checkRead(requester, key, "");
        if (++count % V3_LIMITS.checkedKeysPerTurn !== 0) continue;
        await yieldTurn(clock);
        if (call.finished) throw ETCD_ERRORS.canceled;
      }
    }
  }
}

/** One LeaseKeepAlive stream: an answer for each request, in order. */
class KeepAliveStream implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;

  constructor(call: ServerCall, server: EtcdServer, header: ResponseHeaderWriter) {
    this.#call = call;
    this.#server = server;
    this.#header = header;
    server.streams.add(this);
    call.onCancel = (reason) => {
      if (reason === "refused") server.counts.streamFailures.received("lease-keepalive");
      server.streams.delete(this);
    };
    call.onDrain = () => call.resume();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { id } = LeaseKeepAliveRequest.decode(bytes, start, end);
      const { auth, lessor } = this.#server;
      checkLeaseWriteRights(auth.store, requireUser(auth, this.#call), id, lessor);
      this.#answer(id, this.#server.renewLease(id) ?? 0);
    } catch (error) {
      const { counts, streams } = this.#server;
      if (error instanceof DecodeError) counts.streamFailures.received("lease-keepalive");
      streams.delete(this);
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {
    this.#server.streams.delete(this);
    this.#call.end();
  }

  serverStopping(): void {
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  #answer(id: bigint, ttlSeconds: number): void {
    keepAliveWriter.reset();
    this.#header.write(keepAliveWriter);
    writeLease(keepAliveWriter, id, ttlSeconds);
    const { buffer, position } = keepAliveWriter;
    // A client that does not take its answers is not heard any more until it does.
    if (!this.#call.send(buffer, 0, position)) this.#call.pause();
  }
}

/** `send` copies before it returns, so all streams share one writer. */
const keepAliveWriter = new Writer();

function writeLease(writer: Writer, id: bigint, ttlSeconds: number): void {
  if (id !== 0n) {
    writer.tag(ID_TAG);
    writer.int64(id);
  }
  if (ttlSeconds !== 0) {
    writer.tag(TTL_TAG);
    writer.int64Number(ttlSeconds);
  }
}

function writeTimeToLive(writer: Writer, result: TimeToLiveResult): void {
  writeLease(writer, result.id, result.ttlSeconds);
  if (result.grantedTtlSeconds !== 0) {
    writer.tag(GRANTED_TTL_TAG);
    writer.int64Number(result.grantedTtlSeconds);
  }
  for (const key of result.keys) {
    writer.tag(KEYS_TAG);
    writer.latin1(key);
  }
}

function writeLeaseStatus(writer: Writer, id: bigint): void {
  writer.tag(LEASES_TAG);
  const start = writer.beginMessage();
  writer.tag(LEASE_STATUS_ID_TAG);
  writer.int64(id);
  writer.endMessage(start);
}
