import type { Alarms } from "../core/alarms/alarms.ts";
import { EtcdError } from "../core/errors.ts";
import { AlarmAction, AlarmRequest, AlarmType } from "../pb/etcdserverpb.ts";
import { AlarmOperation } from "./operations/alarm.ts";
import type { Operation } from "./operations/operation.ts";

/** What raising an alarm asks of the server. */
export interface AlarmProposer {
  readonly memberId: bigint;
  proposeEncoded(operation: Operation, bytes: Uint8Array): void;
}

/**
 * Raises this member's NOSPACE alarm, through the log. However many requests hit the quota at the
 * same time, they share one entry.
 */
export class SpaceAlarm {
  readonly #alarms: Alarms;
  readonly #proposer: AlarmProposer;
  #waiting: (() => void)[] = [];

  constructor(alarms: Alarms, proposer: AlarmProposer) {
    this.#alarms = alarms;
    this.#proposer = proposer;
  }

  /** Calls `settled` once the alarm is raised, or cannot be. */
  raise(settled: () => void): void {
    if (this.#alarms.has(this.#proposer.memberId, AlarmType.NOSPACE)) {
      settled();
      return;
    }
    this.#waiting.push(settled);
    if (this.#waiting.length === 1) this.#propose();
  }

  #propose(): void {
    const request = AlarmRequest.create({
      action: AlarmAction.ACTIVATE,
      memberId: this.#proposer.memberId,
      alarm: AlarmType.NOSPACE,
    });
    const settle = () => this.#settle();
    try {
      const operation = new AlarmOperation(request, { applied: settle, failed: settle });
      this.#proposer.proposeEncoded(operation, AlarmRequest.encode(request));
    } catch (error) {
      // Without a leader, say; the next request that does not fit tries again.
      if (!(error instanceof EtcdError)) throw error;
      settle();
    }
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settled of waiting) settled();
  }
}
