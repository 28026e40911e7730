import type { Alarms } from "../core/alarms/alarms.ts";
import type { Lessor } from "../core/lease/lessor.ts";
import type { Store } from "../core/mvcc/store.ts";
import type { Backend } from "./backend/backend.ts";
import { type AutoCompaction, startAutoCompaction } from "./compaction/auto_compaction.ts";
import { CorruptionAlarm } from "./corruption/corruption_alarm.ts";
import { CorruptionMonitor } from "./corruption/corruption_monitor.ts";
import type { HashQueue } from "./hash_queue.ts";
import { LeaseCheckpointer } from "./leases/lease_checkpointer.ts";
import { LeaseExpirer } from "./leases/lease_expirer.ts";
import type { OwnRequests } from "./proposals/own_requests.ts";
import { requestTimeoutMs, type ServerConfig } from "./server_config.ts";
import type { AlarmProposer } from "./space_alarm.ts";
import { type MonitoredMember, VersionMonitor } from "./versions/version_monitor.ts";

/** The member that is kept up. */
interface KeptMember extends MonitoredMember, AlarmProposer {
  readonly ownRequests: OwnRequests;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly alarms: Alarms;
  readonly backend: Backend;
  readonly hashes: HashQueue;
}

/** What a member does from time to time without being asked, each by timers of its own. */
export class Upkeep {
  readonly #config: ServerConfig;
  readonly #ownRequests: OwnRequests;
  readonly #leaseExpirer: LeaseExpirer;
  readonly #leaseCheckpointer: LeaseCheckpointer;
  readonly #versionMonitor: VersionMonitor;
  readonly #corruption: CorruptionMonitor;
  #autoCompaction: AutoCompaction | undefined;

  /** `failed` hears of what is thrown on the way, which is a defect. */
  constructor(member: KeptMember, failed: (error: unknown) => void) {
    const { config, ownRequests, store, lessor, alarms, backend, hashes } = member;
    const { clock, logger } = config;
    this.#config = config;
    this.#ownRequests = ownRequests;
    this.#leaseExpirer = new LeaseExpirer(lessor, ownRequests, clock, requestTimeoutMs(config));
    this.#leaseCheckpointer = new LeaseCheckpointer(lessor, ownRequests, clock);
    this.#versionMonitor = new VersionMonitor(member, failed);
    this.#corruption = new CorruptionMonitor({
      config: config.corruptionChecks,
      store,
      backend,
      hashes,
      clock,
      alarm: new CorruptionAlarm(alarms, member, logger),
      failed,
    });
  }

  get expiredLeaseCount(): number {
    return this.#leaseExpirer.expiredCount;
  }

  /** Begins with what does not depend on what the log says. */
  start(): void {
    this.#leaseExpirer.start();
    if (this.#config.leases.checkpoint) this.#leaseCheckpointer.start();
  }

  /** Begins with the rest: before the log was replayed, the store's revision said nothing of its age. */
  becameReady(): void {
    this.#corruption.start();
    this.#versionMonitor.start();
    this.#autoCompaction = startAutoCompaction(this.#config, this.#ownRequests);
  }

  stop(): void {
    this.#leaseExpirer.stop();
    this.#leaseCheckpointer.stop();
    this.#versionMonitor.stop();
    this.#corruption.stop();
    this.#autoCompaction?.stop();
  }
}
