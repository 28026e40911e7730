import { AlarmMember, AlarmType } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS, type EtcdError } from "../errors.ts";
import { ALARM_LIMITS } from "./limits.ts";

/**
 * The alarms of all members. Only entries of the log raise them and put them out, so every member
 * has the same ones at the same place in its history, and refuses the same requests.
 */
export class Alarms {
  /** In the order in which they were raised. */
  readonly #active = new Map<string, AlarmMember>();
  /** Those that were raised since the start, also those that are out again, as far as there is room. */
  readonly #everActive = new Map<string, AlarmMember>();
  #putRefusal: EtcdError | undefined;
  #changeRefusal: EtcdError | undefined;
  #changeCount = 0;

  /** Why nothing that takes space may be applied at present: puts and new leases. */
  get putRefusal(): EtcdError | undefined {
    return this.#putRefusal;
  }

  /** Why no change at all may be applied at present, not even one that frees space. */
  get changeRefusal(): EtcdError | undefined {
    return this.#changeRefusal;
  }

  /** Grows with every change, so that whoever stores the alarms knows when it has to. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Replaces all alarms by those that were stored. */
  restore(alarms: readonly AlarmMember[]): void {
    this.#active.clear();
    for (const alarm of alarms) this.#activate(alarm);
    this.#changed();
  }

  /** Raises an alarm; one that is raised already stays. `NONE` is no alarm, and raises nothing. */
  activate(memberId: bigint, type: number): AlarmMember | undefined {
    if (type === AlarmType.NONE) return undefined;
    const key = keyOf(memberId, type);
    const present = this.#active.get(key);
    if (present !== undefined) return present;
    const alarm = AlarmMember.create({ memberId, alarm: type });
    this.#activate(alarm);
    this.#changed();
    return alarm;
  }

  /** Puts an alarm out and returns it, or undefined when it was not raised. */
  deactivate(memberId: bigint, type: number): AlarmMember | undefined {
    const key = keyOf(memberId, type);
    const alarm = this.#active.get(key);
    if (this.#active.delete(key)) this.#changed();
    return alarm;
  }

  has(memberId: bigint, type: number): boolean {
    return this.#active.has(keyOf(memberId, type));
  }

  /** Whether any member has raised an alarm of this type. */
  hasType(type: number): boolean {
    return this.list(type).length > 0;
  }

  /** The alarms of one type, or with `NONE` all of them. */
  list(type: number = AlarmType.NONE): AlarmMember[] {
    const all = [...this.#active.values()];
    return type === AlarmType.NONE ? all : all.filter((alarm) => alarm.alarm === type);
  }

  /** The alarms that were raised since the start, whether they are out again or not. */
  listEverActive(): AlarmMember[] {
    return [...new Map([...this.#everActive, ...this.#active]).values()];
  }

  #activate(alarm: AlarmMember): void {
    const key = keyOf(alarm.memberId, alarm.alarm);
    this.#active.set(key, alarm);
    this.#everActive.set(key, alarm);
    const [oldest] = this.#everActive.keys();
    if (this.#everActive.size > ALARM_LIMITS.rememberedAlarms) this.#everActive.delete(oldest);
  }

  #changed(): void {
    this.#changeCount++;
    this.#changeRefusal = this.hasType(AlarmType.CORRUPT) ? ETCD_ERRORS.corrupt : undefined;
    const noSpace = this.hasType(AlarmType.NOSPACE) ? ETCD_ERRORS.noSpace : undefined;
    this.#putRefusal = this.#changeRefusal ?? noSpace;
  }
}

/** What an alarm type is called; types of later versions go by their number. */
export function alarmTypeName(type: number): string {
  return TYPE_NAMES.get(type) ?? String(type);
}

/** An alarm as etcd's Status tells it, down to the space at its end. */
export function formatAlarm({ memberId, alarm }: AlarmMember): string {
  const member = memberId === 0n ? "" : `memberID:${memberId} `;
  return `${member}alarm:${alarmTypeName(alarm)} `;
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(AlarmType).map(([name, type]) => [type, name]),
);

function keyOf(memberId: bigint, type: number): string {
  return `${type} ${memberId}`;
}
