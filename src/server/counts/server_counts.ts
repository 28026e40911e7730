import type { Clock } from "../../base/clock.ts";
import { CompactionDurations } from "./compaction_durations.ts";
import { newDurations } from "./duration_bounds.ts";
import { LeaseCounts } from "./lease_counts.ts";
import { OperationDurations } from "./operation_durations.ts";
import { OutcomeDurations } from "./outcome_durations.ts";
import { RangeDurations } from "./range_durations.ts";
import { StreamFailures } from "./stream_failures.ts";
import { WatchDurations } from "./watch_durations.ts";

/** What one member has done since its start, in plain numbers of which metrics are made. */
export class ServerCounts {
  readonly operations = new OperationDurations();
  readonly ranges: RangeDurations;
  /** Transactions without writes, which do not go through the log. */
  readonly readOnlyTxns = new OutcomeDurations(newDurations);
  readonly watches = new WatchDurations();
  readonly leases = new LeaseCounts();
  readonly compactions = new CompactionDurations();
  readonly streamFailures = new StreamFailures();
  /** Proposals of this member that were given up because their time had passed. */
  failedProposals = 0;
  /** Groups of entries that took longer to apply than they should. */
  slowApplies = 0;
  leaderChanges = 0;

  constructor(clock: Clock) {
    this.ranges = new RangeDurations(clock);
  }
}
