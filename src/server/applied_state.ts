import type { Clock } from "../base/clock.ts";
import type { Alarms } from "../core/alarms/alarms.ts";
import type { AuthStore } from "../core/auth/auth_store.ts";
import type { Lessor } from "../core/lease/lessor.ts";
import type { Membership } from "../core/members/membership.ts";
import type { Store } from "../core/mvcc/store.ts";
import type { WatchHub } from "../core/mvcc/watch/watch_hub.ts";
import type { Quota } from "../core/quota/quota.ts";
import type { CompactionRunner } from "./compaction/compaction_runner.ts";
import type { TokenProvider } from "./auth/token_provider.ts";
import type { LeaseCounts } from "./counts/lease_counts.ts";
import type { SkippedWrites } from "./operations/skipped_writes.ts";
import type { SpaceAlarm } from "./space_alarm.ts";

/** Everything that log entries change when they are applied. */
export interface AppliedState {
  readonly store: Store;
  readonly lessor: Lessor;
  readonly membership: Membership;
  readonly alarms: Alarms;
  readonly auth: AuthStore;
  readonly tokens: TokenProvider;
  readonly quota: Quota;
  readonly spaceAlarm: SpaceAlarm;
  readonly hub: WatchHub;
  readonly compactions: CompactionRunner;
  readonly skippedWrites: SkippedWrites;
  readonly clock: Clock;
  readonly counts: LeaseCounts;
  /** The cluster has gone to an older version, which the log may be too new for. */
  readonly versionLowered: () => void;
  /** The index of the entry that is being applied. */
  entryIndex: number;
}
