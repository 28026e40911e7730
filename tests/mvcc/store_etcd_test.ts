import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Prng } from "../../src/base/prng.ts";
import { EtcdError } from "../../src/core/errors.ts";
import type { KeyValueRef } from "../../src/core/mvcc/change.ts";
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
} from "../../src/core/mvcc/request_checks.ts";
import {
  type OpResult,
  type RangeResult,
  Store,
  type TxnResult,
} from "../../src/core/mvcc/store.ts";
import { CompactionRequest } from "../../src/pb/etcdserverpb.ts";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from "../../src/pb/etcdserverpb.ts";
import type { KeyValue } from "../../src/pb/mvccpb.ts";
import { KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";
import { pairText } from "./model_store.ts";
import {
  randomDeleteRange,
  randomPut,
  randomRange,
  randomTxn,
  type RequestWorld,
  TRICKY_KEYS,
} from "./random_requests.ts";
import { refText } from "./store_history.ts";

const missing = whyMissing("etcd");
if (missing !== undefined) console.log(`tests/mvcc: skipped, ${missing}`);

const SEEDS: readonly number[] = [1, 2, 3, 4, 5];
const STEPS = 400;
const LEASES: readonly bigint[] = [1n, 77n, 0x7fff_ffff_ffff_ffffn];
/** etcd's sort keeps the order of equal elements only up to twelve of them. */
const KEYS = TRICKY_KEYS.slice(0, 12);
const MAX_TXN_OPS = 8;

interface Refusal {
  readonly code: number;
  readonly message: string;
}

function prevText(kv: KeyValue | undefined): string | undefined {
  return kv === undefined ? undefined : pairText(kv);
}

function revisionOf(header: ResponseHeader | undefined): number {
  assert.ok(header !== undefined, "every answer has a header");
  return header.revision;
}

/** Both sides' answers in the same words: ours and, below, etcd's. */
const ours = {
  range: ({ kvs, count, more }: RangeResult, revision: number) => {
    return { revision, kvs: kvs.map(refText), count, more };
  },
  put: (prevKv: KeyValueRef | undefined, revision: number) => {
    return { revision, prevKv: prevKv === undefined ? undefined : refText(prevKv) };
  },
  deleteRange: (deleted: number, prevKvs: readonly KeyValueRef[], revision: number) => {
    return { revision, deleted, prevKvs: prevKvs.map(refText) };
  },
  txn: ({ succeeded, responses }: TxnResult, revision: number): unknown => {
    return { revision, succeeded, responses: responses.map(ours.op) };
  },
  op: (result: OpResult): unknown => {
    const { revision } = result;
    if (result.kind === "range") return ours.range(result, revision);
    if (result.kind === "put") return ours.put(result.prevKv, revision);
    if (result.kind === "txn") return ours.txn(result, revision);
    return ours.deleteRange(result.deleted, result.prevKvs, revision);
  },
};

const theirs = {
  range: ({ header, kvs, count, more }: RangeResponse) => {
    return { revision: revisionOf(header), kvs: kvs.map(pairText), count, more };
  },
  put: ({ header, prevKv }: PutResponse) => {
    return { revision: revisionOf(header), prevKv: prevText(prevKv) };
  },
  deleteRange: ({ header, deleted, prevKvs }: DeleteRangeResponse) => {
    return { revision: revisionOf(header), deleted, prevKvs: prevKvs.map(pairText) };
  },
  txn: ({ header, succeeded, responses }: TxnResponse): unknown => {
    return { revision: revisionOf(header), succeeded, responses: responses.map(theirs.op) };
  },
  op: (response: ResponseOp): unknown => {
    const { responseRange, responsePut, responseTxn, responseDeleteRange } = response;
    if (responseRange !== undefined) return theirs.range(responseRange);
    if (responsePut !== undefined) return theirs.put(responsePut);
    if (responseTxn !== undefined) return theirs.txn(responseTxn);
    assert.ok(responseDeleteRange !== undefined, "one answer is set");
    return theirs.deleteRange(responseDeleteRange);
  },
};

/** What was refused counts as an answer too. */
function ourOutcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    const refusal: Refusal = { code: error.code, message: error.message };
    return refusal;
  }
}

async function theirOutcome<T>(call: Promise<T>, text: (response: T) => unknown): Promise<unknown> {
  try {
    return text(await call);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "details" in error)) throw error;
    const refusal: Refusal = { code: Number(error.code), message: String(error.details) };
    return refusal;
  }
}

/** The same requests to real etcd and to a store of ours. */
class SideBySide {
  readonly #client: GrpcClient;
  readonly #prng: Prng;
  readonly #leases = new Map<bigint, Set<string>>();
  readonly #store = new Store({
    has: (id) => this.#leases.has(id),
    attach: (id, key) => this.#leases.get(id)?.add(key),
    detach: (id, key) => this.#leases.get(id)?.delete(key),
  });
  /** What was compared, by kind and, if it was refused, the reason. */
  readonly tally = new Map<string, number>();

  constructor(client: GrpcClient, prng: Prng) {
    this.#client = client;
    this.#prng = prng;
  }

  async step(): Promise<void> {
    const choice = this.#prng.fraction();
    if (choice < 0.35) await this.#put(randomPut(this.#prng, this.#world));
    else if (choice < 0.42) await this.#deleteRange(randomDeleteRange(this.#prng, this.#world));
    else if (choice < 0.75) await this.#txn(randomTxn(this.#prng, this.#world, 2));
    else if (choice < 0.92) await this.#range(randomRange(this.#prng, this.#world));
    else if (choice < 0.96) await this.#lease();
    else if (choice < 0.98) await this.#compact();
    else await this.#hash();
  }

  get #world(): RequestWorld {
    return {
      keys: KEYS,
      leases: [...this.#leases.keys(), 4711n],
      oldestRevision: Math.max(this.#store.compactedRevision, 1),
      currentRevision: this.#store.currentRevision,
      maxValueBytes: 300,
    };
  }

  async #range(request: RangeRequest): Promise<void> {
    const our = ourOutcome(() => {
      checkRange(request);
      return ours.range(this.#store.range(request), this.#store.currentRevision);
    });
    await this.#compare(
      "range",
      request,
      our,
      this.#client.call(KV_SERVICE.range, request),
      theirs.range,
    );
  }

  async #put(request: PutRequest): Promise<void> {
    const our = ourOutcome(() => {
      checkPut(request);
      const { prevKv } = this.#store.put(request);
      return ours.put(prevKv, this.#store.currentRevision);
    });
    await this.#compare(
      "put",
      request,
      our,
      this.#client.call(KV_SERVICE.put, request),
      theirs.put,
    );
  }

  async #deleteRange(request: DeleteRangeRequest): Promise<void> {
    const our = ourOutcome(() => {
      checkDeleteRange(request);
      const { deleted, prevKvs } = this.#store.deleteRange(request);
      return ours.deleteRange(deleted, prevKvs, this.#store.currentRevision);
    });
    const call = this.#client.call(KV_SERVICE.deleteRange, request);
    await this.#compare("deleteRange", request, our, call, theirs.deleteRange);
  }

  async #txn(request: TxnRequest): Promise<void> {
    if (crashesEtcd(request)) return;
    const our = ourOutcome(() => {
      checkTxn(request, MAX_TXN_OPS);
      return ours.txn(this.#store.txn(request), this.#store.currentRevision);
    });
    await this.#compare(
      "txn",
      request,
      our,
      this.#client.call(KV_SERVICE.txn, request),
      theirs.txn,
    );
  }

  async #lease(): Promise<void> {
    const id = this.#prng.pick(LEASES);
    const keys = this.#leases.get(id);
    if (keys === undefined) {
      this.#leases.set(id, new Set());
      await this.#client.call(LEASE_SERVICE.leaseGrant, { id, ttl: 1000 });
      return;
    }
    const call = this.#client.call(LEASE_SERVICE.leaseRevoke, { id });
    this.#store.deleteKeys([...keys].sort());
    this.#leases.delete(id);
    const our = this.#store.currentRevision;
    await this.#compare("revoke", { id }, our, call, ({ header }) => revisionOf(header));
  }

  async #compact(): Promise<void> {
    const { compactedRevision, currentRevision } = this.#store;
    const revision = this.#prng.between(compactedRevision, currentRevision + 1);
    const request = CompactionRequest.create({ revision, physical: true });
    const our = ourOutcome(() => {
      const compaction = this.#store.compact(revision);
      while (compaction.step(100));
      return this.#store.currentRevision;
    });
    const call = this.#client.call(KV_SERVICE.compact, request);
    await this.#compare("compact", request, our, call, ({ header }) => revisionOf(header));
  }

  async #hash(): Promise<void> {
    const { compactedRevision, currentRevision } = this.#store;
    // This etcd still refuses to hash at the compacted revision itself.
    const revision = this.#prng.between(Math.max(compactedRevision, 0) + 1, currentRevision + 1);
    const our = ourOutcome(() => {
      const hash = this.#store.hashKv(revision);
      while (hash.step(100));
      return { hash: hash.hash, compactRevision: hash.compactRevision };
    });
    const call = this.#client.call(MAINTENANCE_SERVICE.hashKv, { revision });
    await this.#compare("hash", { revision }, our, call, ({ hash, compactRevision }) => {
      return { hash, compactRevision };
    });
  }

  async #compare<T>(
    kind: string,
    request: unknown,
    our: unknown,
    call: Promise<T>,
    text: (response: T) => unknown,
  ): Promise<void> {
    const their = await theirOutcome(call, text);
    assert.deepEqual(our, their, describeDifference(request, our, their));
    const refused = typeof our === "object" && our !== null && "message" in our;
    const name = refused ? `${kind}: ${String(our.message)}` : kind;
    this.tally.set(name, (this.tally.get(name) ?? 0) + 1);
  }
}

/**
 * etcd takes a deletion with the end "\0" together with a put of a key that it deletes, and
 * crashes if that put wants to keep the lease or the value.
 */
function crashesEtcd(request: TxnRequest): boolean {
  const ops = allOps(request);
  return ops.some(({ requestDeleteRange }) => requestDeleteRange?.rangeEnd === "\0") &&
    ops.some(({ requestPut }) => requestPut?.ignoreLease || requestPut?.ignoreValue);
}

function allOps({ success, failure }: TxnRequest): RequestOp[] {
  return [...success, ...failure].flatMap((op) =>
    op.requestTxn === undefined ? [op] : allOps(op.requestTxn)
  );
}

function describeDifference(request: unknown, our: unknown, their: unknown): string {
  return inspect({ request, our, their }, { depth: 20 });
}

for (const seed of SEEDS) {
  Deno.test({
    name: `Store answers as etcd does through random history ${seed}`,
    ignore: missing !== undefined,
    fn: async () => {
      const server = await ServerProcess.start("etcd", {
        flags: [`--max-txn-ops=${MAX_TXN_OPS}`],
      });
      const client = new GrpcClient(server.endpoint);
      try {
        const sides = new SideBySide(client, new Prng(seed));
        for (let step = 1; step <= STEPS; step++) await sides.step();
        const kinds = [...sides.tally.keys()];
        for (const kind of ["range", "put", "deleteRange", "txn", "compact", "hash", "revoke"]) {
          assert.ok(kinds.includes(kind), `${kind} was compared`);
        }
      } finally {
        await client.close();
        await server.dispose();
      }
    },
  });
}
