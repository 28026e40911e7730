import { NOBODY, type Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { AppliedState } from "../applied_state.ts";

/** Who waits for the outcome of an operation; exactly one of the two is called, once. */
export interface Waiter<Result> {
  /** The operation is durable and applied, and no later one is applied yet. */
  applied(result: Result): void;
  /**
   * The operation was refused and changed nothing, or was applied beyond this member's quota, or
   * its outcome is not known to this member.
   */
  failed(error: EtcdError): void;
}

/**
 * One entry's command. `field` is its field number in InternalRaftRequest. An operation that was
 * proposed here knows its waiter; one that is read from the log has none.
 */
export interface Operation {
  readonly field: number;
  /** How many times the work of a put it is, roughly. */
  readonly pieceCount: number;
  /** In whose name it is done; what nobody asked for is nobody's. */
  readonly requester: Requester;
  /** Returns whether it was done; false if it was refused. */
  apply(state: AppliedState): boolean;
  /** Gives up on the operation: its waiter gets the error. */
  fail(error: EtcdError): void;
}

/** The common way of an operation: do it, then tell the waiter. */
export abstract class WaitedOperation<Result> implements Operation {
  abstract readonly field: number;
  readonly requester: Requester;
  readonly #waiter: Waiter<Result> | undefined;

  constructor(waiter: Waiter<Result> | undefined, requester: Requester = NOBODY) {
    this.#waiter = waiter;
    this.requester = requester;
  }

  get pieceCount(): number {
    return 1;
  }

  protected abstract perform(state: AppliedState): Result;

  apply(state: AppliedState): boolean {
    let result: Result;
    try {
      result = this.perform(state);
    } catch (error) {
      // A refusal is an outcome like any other. Everything else is a defect of this program, and
      // a member whose state may be broken must stop.
      if (!(error instanceof EtcdError)) throw error;
      this.#refused(state, error);
      return false;
    }
    this.#waiter?.applied(result);
    return true;
  }

  #refused(state: AppliedState, error: EtcdError): void {
    const fail = () => this.#waiter?.failed(error);
    // Without an alarm it was this member's quota that is exceeded, and everybody has to know.
    const exceedsQuota = error === ETCD_ERRORS.noSpace && state.alarms.putRefusal === undefined;
    if (exceedsQuota) state.spaceAlarm.raise(fail);
    else fail();
  }

  fail(error: EtcdError): void {
    this.#waiter?.failed(error);
  }
}

/** An operation that a request describes. */
export abstract class RequestOperation<Request, Result> extends WaitedOperation<Result> {
  protected readonly request: Request;

  constructor(request: Request, waiter?: Waiter<Result>, requester?: Requester) {
    super(waiter, requester);
    this.request = request;
  }
}
