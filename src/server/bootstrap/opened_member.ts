import type { Alarms } from "../../core/alarms/alarms.ts";
import type { AuthStore } from "../../core/auth/auth_store.ts";
import type { Lessor } from "../../core/lease/lessor.ts";
import type { Membership } from "../../core/members/membership.ts";
import type { Compaction } from "../../core/mvcc/compaction.ts";
import type { Store } from "../../core/mvcc/store.ts";
import type { RaftStart } from "../../core/raft/ready.ts";
import type { BackendFiles } from "../backend/backend_files.ts";
import type { LogStorage } from "../raft/log_storage.ts";

/** The state that log entries change, as a member has it when it starts. */
export interface MemberState {
  readonly store: Store;
  readonly lessor: Lessor;
  readonly membership: Membership;
  readonly alarms: Alarms;
  readonly auth: AuthStore;
  /** A compaction that the member before had not finished. */
  readonly compaction: Compaction | undefined;
}

/** Where snapshot files are kept, and how far the newest snapshot reaches. */
interface SnapshotPlace {
  readonly directory: string;
  readonly lastIndex: number;
  /**
   * The log behind the newest snapshot has entries that the etcd version which the member presents
   * could not read: a new snapshot is needed.
   */
  readonly isNeeded: boolean;
}

/** A member that has its files open and its state in memory. */
export interface OpenedMember {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly raftStart: RaftStart;
  readonly state: MemberState;
  readonly storage: LogStorage;
  readonly files: BackendFiles;
  /** Undefined for a member that lives in memory only. */
  readonly snapshots: SnapshotPlace | undefined;
  /** Closes what was opened; after a failure, or when the server has stopped. */
  close(): Promise<void>;
}
