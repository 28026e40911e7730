import type { Logger } from "../base/log.ts";
import type { Alarms } from "../core/alarms/alarms.ts";
import { NO_MEMBER } from "../core/raft/raft_node.ts";
import { AlarmAction, AlarmRequest, AlarmType } from "../pb/etcdserverpb.ts";
import { AlarmOperation } from "./operations/alarm.ts";
import type { Operation } from "./operations/operation.ts";

/** What raising an alarm asks of the server. */
export interface AlarmProposer {
  readonly memberId: bigint;
  readonly leader: bigint;
  proposeOwn(operation: Operation, bytes: Uint8Array): void;
}

/**
 * Raises this member's NOSPACE alarm, through the log. However many requests hit the quota at the
 * same time, they share one entry.
 */
export class SpaceAlarm {
  readonly #alarms: Alarms;
  readonly #proposer: AlarmProposer;
  readonly #logger: Logger;
  #waiting: (() => void)[] = [];

  constructor(alarms: Alarms, proposer: AlarmProposer, logger: Logger) {
    this.#alarms = alarms;
    this.#proposer = proposer;
    this.#logger = logger;
  }

  /** Calls `settled` once the alarm is raised, or cannot be. */
  raise(settled: () => void): void {
    const { memberId, leader } = this.#proposer;
    // Without a leader nothing can be proposed; so it is while the log is replayed.
    if (leader === NO_MEMBER || this.#alarms.has(memberId, AlarmType.NOSPACE)) {
      settled();
      return;
    }
    this.#waiting.push(settled);
    if (this.#waiting.length === 1) this.#propose();
  }

  #propose(): void {
    this.#logger.warn("message exceeded backend quota; raising alarm");
    const request = AlarmRequest.create({
      action: AlarmAction.ACTIVATE,
      memberId: this.#proposer.memberId,
      alarm: AlarmType.NOSPACE,
    });
    const settle = () => this.#settle();
    // What hinders it now may be gone when the next request does not fit, which tries again.
    const operation = new AlarmOperation(request, { applied: settle, failed: settle });
    this.#proposer.proposeOwn(operation, AlarmRequest.encode(request));
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settled of waiting) settled();
  }
}
