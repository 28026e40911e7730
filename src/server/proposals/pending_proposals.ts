import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import type { Operation } from "../operations/operation.ts";
import { SERVER_LIMITS } from "../limits.ts";

export interface PendingProposal {
  readonly operation: Operation;
  readonly sizeBytes: number;
  readonly sinceMs: number;
}

/** The proposals of this member that have not come back from the log, by request ID, oldest first. */
export class PendingProposals {
  readonly #byId = new Map<number, PendingProposal>();
  #bytes = 0;

  get count(): number {
    return this.#byId.size;
  }

  /** Throws etcd's refusal when too much waits already. */
  checkRoom(hasPriority: boolean): void {
    const { pendingProposalBytes, pendingPriorityBytes } = SERVER_LIMITS;
    if (this.#bytes >= (hasPriority ? pendingPriorityBytes : pendingProposalBytes)) {
      throw ETCD_ERRORS.requestTooManyRequests;
    }
  }

  add(id: number, operation: Operation, sizeBytes: number, nowMs: number): void {
    this.#byId.set(id, { operation, sizeBytes, sinceMs: nowMs });
    this.#bytes += sizeBytes;
  }

  /** The proposal behind an ID; from now on nobody waits for it here. */
  take(id: number): PendingProposal | undefined {
    const pending = this.#byId.get(id);
    if (pending === undefined) return undefined;
    this.#byId.delete(id);
    this.#bytes -= pending.sizeBytes;
    return pending;
  }

  /** Gives up on the proposals that have waited since before `sinceMs`, and returns them. */
  expire(sinceMs: number): PendingProposal[] {
    const expired: PendingProposal[] = [];
    for (const [id, pending] of this.#byId) {
      // The map is in the order of arrival, so the first young one ends the search.
      if (pending.sinceMs >= sinceMs) break;
      this.take(id);
      pending.operation.fail(ETCD_ERRORS.timeout);
      expired.push(pending);
    }
    return expired;
  }

  /** Gives up on all of them. */
  failAll(error: EtcdError): void {
    for (const [id, pending] of this.#byId) {
      this.take(id);
      pending.operation.fail(error);
    }
  }
}
