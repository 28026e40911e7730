import type { Requester } from "../../core/auth/requester.ts";
import { AlarmAction, type AlarmMember, type AlarmRequest } from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { WaitedOperation, type Waiter } from "./operation.ts";

/** Raises an alarm, puts one out or lists them; its result is the alarms that it was about. */
export class AlarmOperation extends WaitedOperation<AlarmMember[]> {
  readonly field = OperationField.ALARM;
  readonly #request: AlarmRequest;

  constructor(request: AlarmRequest, waiter?: Waiter<AlarmMember[]>, requester?: Requester) {
    super(waiter, requester);
    this.#request = request;
  }

  protected perform({ alarms }: AppliedState): AlarmMember[] {
    const { action, memberId, alarm } = this.#request;
    if (action === AlarmAction.GET) return alarms.list(alarm);
    if (action === AlarmAction.ACTIVATE) return listOf(alarms.activate(memberId, alarm));
    if (action === AlarmAction.DEACTIVATE) return listOf(alarms.deactivate(memberId, alarm));
    return [];
  }
}

function listOf(alarm: AlarmMember | undefined): AlarmMember[] {
  return alarm === undefined ? [] : [alarm];
}
