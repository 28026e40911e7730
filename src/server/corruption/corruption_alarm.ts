import type { Logger } from "../../base/log.ts";
import type { Alarms } from "../../core/alarms/alarms.ts";
import { AlarmAction, AlarmRequest, AlarmType } from "../../pb/etcdserverpb.ts";
import { AlarmOperation } from "../operations/alarm.ts";
import type { AlarmProposer } from "../space_alarm.ts";

/** Raises this member's CORRUPT alarm, through the log: from then on nothing is written any more. */
export class CorruptionAlarm {
  readonly #alarms: Alarms;
  readonly #proposer: AlarmProposer;
  readonly #logger: Logger;

  constructor(alarms: Alarms, proposer: AlarmProposer, logger: Logger) {
    this.#alarms = alarms;
    this.#proposer = proposer;
    this.#logger = logger;
  }

  /** Harmless if the alarm is raised already; what hinders it now is tried again at the next check. */
  raise(reason: string): void {
    const { memberId } = this.#proposer;
    this.#logger.error("found corrupt data; raising alarm", { reason });
    if (this.#alarms.has(memberId, AlarmType.CORRUPT)) return;
    const request = AlarmRequest.create({
      action: AlarmAction.ACTIVATE,
      memberId,
      alarm: AlarmType.CORRUPT,
    });
    this.#proposer.proposeOwn(new AlarmOperation(request), AlarmRequest.encode(request));
  }
}
