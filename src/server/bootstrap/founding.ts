import { encodeMember, type Member } from "../../core/members/member.ts";
import { computeMemberId } from "../../core/members/member_id.ts";
import { Membership } from "../../core/members/membership.ts";
import type { RaftStart } from "../../core/raft/ready.ts";
import type { DataDir } from "../../disk/data_dir.ts";
import { createWal, type WalBatch } from "../../disk/wal_opening.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import { Metadata } from "../../pb/etcdserverpb.ts";
import {
  ConfChange,
  ConfChangeType,
  ConfState,
  Entry,
  EntryType,
  HardState,
} from "../../pb/raftpb.ts";
import type { BackendFiles } from "../backend/backend_files.ts";
import { memoryLogStorage } from "../raft/log_storage.ts";
import type { DiskConfig, ServerConfig } from "../server_config.ts";
import { newState } from "./new_state.ts";
import type { OpenedMember } from "./opened_member.ts";
import { walOptions, walStorage } from "./wal_storage.ts";

/** Founds a cluster of this one member in an empty data directory. */
export function foundOnDisk(
  config: ServerConfig,
  disk: DiskConfig,
  directory: DataDir,
  files: BackendFiles,
): OpenedMember {
  refuseData(files);
  const { member, clusterId, batch } = founding(config);
  const metadata = Metadata.encode(Metadata.create({ nodeId: member.id, clusterId }));
  config.logger.info("founding a cluster of one member", {
    "member-id": member.id.toString(16),
    "cluster-id": clusterId.toString(16),
    "data-dir": directory.path,
  });
  const wal = createWal(walOptions(config, disk, directory), metadata, batch);
  return {
    memberId: member.id,
    clusterId,
    raftStart: raftStartOf(batch),
    state: newState(config, clusterId, files),
    storage: walStorage(wal),
    files,
    snapshots: { directory: directory.snapPath, lastIndex: 0, isNeeded: false },
    async close() {
      try {
        await wal.close();
      } finally {
        directory.close();
      }
    },
  };
}

/** Founds a cluster of one member that forgets everything when it stops. */
export function foundInMemory(config: ServerConfig, files: BackendFiles): OpenedMember {
  const { member, clusterId, batch } = founding(config);
  return {
    memberId: member.id,
    clusterId,
    raftStart: raftStartOf(batch),
    state: newState(config, clusterId, files),
    storage: memoryLogStorage,
    files,
    snapshots: undefined,
    close: () => Promise.resolve(),
  };
}

/** Without its log nobody knows whose data they are; a new member must not take them over. */
function refuseData({ file }: BackendFiles): void {
  const read = file.beginRead();
  try {
    if (read.bucketNames().length === 0) return;
  } finally {
    read.close();
  }
  throw new DiskError({
    operation: "use the data directory of",
    path: file.path,
    code: DiskErrorCode.MISMATCH,
    what: "this file holds data, but the log that belongs to it is missing",
    advice: "Put back the member's WAL, or make a new data directory from this file with " +
      "`utl snapshot restore --skip-hash-check`",
  });
}

/** What every member of a new cluster writes into its log by itself: who the members are. */
function founding(config: ServerConfig): { member: Member; clusterId: bigint; batch: WalBatch } {
  const peerUrls = [...config.peerUrls].sort();
  const member: Member = {
    id: computeMemberId(peerUrls, config.clusterToken),
    peerUrls,
    isLearner: false,
    name: config.name,
    clientUrls: [],
  };
  const change = ConfChange.create({
    type: ConfChangeType.ConfChangeAddNode,
    nodeId: member.id,
    context: encodeMember(member),
  });
  const entry = Entry.create({
    type: EntryType.EntryConfChange,
    term: 1,
    index: 1,
    data: ConfChange.encode(change),
  });
  const hardState = HardState.create({ term: 1, commit: 1 });
  return {
    member,
    clusterId: Membership.clusterIdOf([member]),
    batch: { hardState, entries: [entry] },
  };
}

function raftStartOf({ hardState, entries }: WalBatch): RaftStart {
  return {
    hardState,
    snapshotIndex: 0,
    snapshotTerm: 0,
    appliedIndex: 0,
    confState: ConfState.create(),
    entries,
  };
}
