import type { EtcdError } from "../../core/errors.ts";
import type { LeaseCheckpoint } from "../../core/lease/lessor.ts";
import type { Store } from "../../core/mvcc/store.ts";
import type { RaftNode } from "../../core/raft/raft_node.ts";
import {
  CompactionRequest,
  LeaseCheckpointRequest,
  LeaseRevokeRequest,
} from "../../pb/etcdserverpb.ts";
import type { Authentication } from "../auth/authentication.ts";
import type { CompactionProposer } from "../compaction/auto_compaction.ts";
import type { CheckpointProposer } from "../leases/lease_checkpointer.ts";
import type { LeaseRevoker } from "../leases/lease_expirer.ts";
import { CompactionOperation } from "../operations/kv.ts";
import { LeaseCheckpointOperation, LeaseRevokeOperation } from "../operations/lease.ts";
import type { Waiter } from "../operations/operation.ts";
import type { Proposer } from "./proposer.ts";

/** Hears that a request was applied, or why it was not. */
type Settled = (error: EtcdError | undefined) => void;

/** What requests in the member's own name are made with. */
interface OwnRequestsParts {
  readonly proposer: Proposer;
  readonly raft: RaftNode;
  readonly store: Store;
  readonly auth: Authentication;
}

/** Requests that the member makes in its own name, when the time for them has come. */
export class OwnRequests implements LeaseRevoker, CheckpointProposer, CompactionProposer {
  readonly #parts: OwnRequestsParts;

  constructor(parts: OwnRequestsParts) {
    this.#parts = parts;
  }

  get leads(): boolean {
    return this.#parts.raft.leads;
  }

  get currentRevision(): number {
    return this.#parts.store.currentRevision;
  }

  revokeLease(id: bigint, settled: Settled): void {
    const { proposer, auth } = this.#parts;
    const request = LeaseRevokeRequest.create({ id });
    const operation = new LeaseRevokeOperation(request, waiterFor(settled), auth.root);
    proposer.proposeOwn(operation, LeaseRevokeRequest.encode(request));
  }

  checkpointLeases(left: readonly LeaseCheckpoint[], settled: Settled): void {
    const checkpoints = left.map(({ id, remainingTtlSeconds }) => ({
      id,
      remainingTtl: remainingTtlSeconds,
    }));
    const request = LeaseCheckpointRequest.create({ checkpoints });
    const operation = new LeaseCheckpointOperation(request, waiterFor(settled));
    this.#parts.proposer.proposeOwn(operation, LeaseCheckpointRequest.encode(request));
  }

  compact(revision: number, settled: Settled): void {
    const request = CompactionRequest.create({ revision });
    const operation = new CompactionOperation(request, waiterFor(settled));
    this.#parts.proposer.proposeOwn(operation, CompactionRequest.encode(request));
  }
}

function waiterFor(settled: Settled): Waiter<unknown> {
  return { applied: () => settled(undefined), failed: settled };
}
