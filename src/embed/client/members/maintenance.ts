import {
  AlarmAction,
  type AlarmMember,
  AlarmRequest,
  AlarmResponse,
  AlarmType,
  DowngradeAction,
  DowngradeRequest,
  DowngradeResponse,
  MoveLeaderRequest,
} from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { ClientSession } from "../client_session.ts";
import type { CallOptions } from "../transport/transport.ts";

/** What an alarm warns of: the quota is used up, or data is corrupt. */
export type AlarmKind = "NOSPACE" | "CORRUPT";

/** An alarm that a member has raised. */
export interface AlarmInfo {
  /** The member's ID. */
  readonly memberId: bigint;
  /** An {@linkcode AlarmKind}, or a number in decimal digits if this version does not know it. */
  readonly kind: string;
}

/** Whose alarms are put out. */
export interface DisarmOptions extends CallOptions {
  /** Only those of this member; `0n`, the default, is all members. */
  readonly memberId?: bigint;
  /** Only those of this kind. */
  readonly kind?: AlarmKind;
}

const ALARM_TYPES: Readonly<Record<AlarmKind, number>> = {
  NOSPACE: AlarmType.NOSPACE,
  CORRUPT: AlarmType.CORRUPT,
};

/**
 * What is rarely done and mostly by operators: alarms, the leader, downgrades.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * const { leader } = await client.status();
 * await client.maintenance.moveLeader(leader);
 * const alarms = await client.maintenance.alarms();
 * if (alarms.length > 0) await client.maintenance.disarm();
 * await client.maintenance.validateDowngrade("3.6");
 * ```
 */
export class MaintenanceClient {
  readonly #session: ClientSession;

  /** Use {@linkcode Client.maintenance}. */
  constructor(session: ClientSession) {
    this.#session = session;
  }

  /** The alarms that are on. */
  alarms(options: CallOptions = {}): Promise<AlarmInfo[]> {
    return this.#alarm({ action: AlarmAction.GET }, options);
  }

  /**
   * Puts alarms out and resolves with those that were on. The reason should be gone before: as long
   * as it is not, the alarm comes again.
   */
  async disarm(options: DisarmOptions = {}): Promise<AlarmInfo[]> {
    const { memberId = 0n, kind } = options;
    const disarmed: AlarmInfo[] = [];
    for (const alarm of await this.alarms(options)) {
      if (memberId !== 0n && alarm.memberId !== memberId) continue;
      if (kind !== undefined && alarm.kind !== kind) continue;
      const request = {
        action: AlarmAction.DEACTIVATE,
        memberId: alarm.memberId,
        alarm: typeOf(alarm.kind),
      };
      disarmed.push(...await this.#alarm(request, options));
    }
    return disarmed;
  }

  /**
   * Has another member lead. The member that answers must lead now: otherwise it rejects with
   * FailedPrecondition, as it does when there is no such member with a vote.
   */
  async moveLeader(targetId: bigint, options: CallOptions = {}): Promise<void> {
    const request = MoveLeaderRequest.encode(MoveLeaderRequest.create({ targetId }));
    const path = MAINTENANCE_SERVICE.moveLeader.path;
    await this.#session.transport.unary(path, request, options);
  }

  /**
   * Asks whether the cluster could be downgraded to a version such as `3.6`, and resolves with the
   * version that it has. Rejects with InvalidArgument for any version but the one below that, with
   * FailedPrecondition when a downgrade is under way.
   */
  validateDowngrade(version: string, options: CallOptions = {}): Promise<string> {
    return this.#downgrade(DowngradeAction.VALIDATE, version, options);
  }

  /**
   * Has the cluster get ready to be run by servers of the version below its own; rejects as
   * {@linkcode MaintenanceClient.validateDowngrade} does. {@linkcode MemberStatus.storageVersion}
   * tells when a member is ready.
   */
  enableDowngrade(version: string, options: CallOptions = {}): Promise<string> {
    return this.#downgrade(DowngradeAction.ENABLE, version, options);
  }

  /** Stays with the present version, or returns to it; no error when nothing is under way. */
  cancelDowngrade(options: CallOptions = {}): Promise<string> {
    return this.#downgrade(DowngradeAction.CANCEL, "", options);
  }

  async #alarm(fields: Partial<AlarmRequest>, options: CallOptions): Promise<AlarmInfo[]> {
    const request = AlarmRequest.encode(AlarmRequest.create(fields));
    const path = MAINTENANCE_SERVICE.alarm.path;
    const bytes = await this.#session.transport.unary(path, request, options);
    return AlarmResponse.decode(bytes).alarms.map(alarmInfo);
  }

  async #downgrade(action: number, version: string, options: CallOptions): Promise<string> {
    const request = DowngradeRequest.encode(DowngradeRequest.create({ action, version }));
    const path = MAINTENANCE_SERVICE.downgrade.path;
    const bytes = await this.#session.transport.unary(path, request, options);
    return DowngradeResponse.decode(bytes).version;
  }
}

function alarmInfo({ memberId, alarm }: AlarmMember): AlarmInfo {
  const known = Object.entries(ALARM_TYPES).find(([, type]) => type === alarm);
  return { memberId, kind: known === undefined ? String(alarm) : known[0] };
}

function typeOf(kind: string): number {
  if (kind === "NOSPACE" || kind === "CORRUPT") return ALARM_TYPES[kind];
  return Number(kind);
}
