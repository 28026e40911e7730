import { AlarmAction, type AlarmMember, type AlarmRequest } from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { RequestOperation } from "./operation.ts";

/** Raises an alarm, puts one out or lists them; its result is the alarms that it was about. */
export class AlarmOperation extends RequestOperation<AlarmRequest, AlarmMember[]> {
  readonly field = OperationField.ALARM;
  protected perform({ alarms }: AppliedState): AlarmMember[] {
    const { action, memberId, alarm } = this.request;
    if (action === AlarmAction.GET) return alarms.list(alarm);
    if (action === AlarmAction.ACTIVATE) return listOf(alarms.activate(memberId, alarm));
    if (action === AlarmAction.DEACTIVATE) return listOf(alarms.deactivate(memberId, alarm));
    return [];
  }
}

function listOf(alarm: AlarmMember | undefined): AlarmMember[] {
  return alarm === undefined ? [] : [alarm];
}
