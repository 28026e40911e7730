import type { CompatVersion } from "../../core/members/compat_version.ts";
import { formatId } from "../../core/members/member_id.ts";
import type { Membership } from "../../core/members/membership.ts";
import type { RaftStart } from "../../core/raft/ready.ts";
import { readStoredState, type StoredState } from "../../disk/backend/stored_state.ts";
import type { DataDir } from "../../disk/data_dir.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import type { Wal } from "../../disk/wal.ts";
import { openWal } from "../../disk/wal_opening.ts";
import type { WalContents, WalReplay } from "../../disk/wal_replay.ts";
import { Metadata } from "../../pb/etcdserverpb.ts";
import { ConfState } from "../../pb/raftpb.ts";
import type { BackendFiles } from "../backend/backend_files.ts";
import { firstUnreadableEntry } from "../versions/entry_forms.ts";
import type { DiskConfig, ServerConfig } from "../server_config.ts";
import { isSnapshotReadable } from "../versions/snapshot_form.ts";
import { forceNewCluster } from "./force_new_cluster.ts";
import { type ReplayedLog, replayLog } from "./log_replay.ts";
import { restoreMembership } from "./membership_restore.ts";
import { newState } from "./new_state.ts";
import { hashOldPasswords } from "./old_passwords.ts";
import type { OpenedMember } from "./opened_member.ts";
import { restoreState } from "./state_restore.ts";
import { refuseGaps } from "./stored_gaps.ts";
import { walOptions, walStorage } from "./wal_storage.ts";

/**
 * Starts a member where it stopped: the B-tree file has the state up to some log entry, the log has
 * what came later.
 */
export async function restart(
  config: ServerConfig,
  disk: DiskConfig,
  directory: DataDir,
  files: BackendFiles,
): Promise<OpenedMember> {
  const stored = storedState(files);
  const log = await replayLog(config, disk, directory, stored.consistentIndex);
  const { replay } = log;
  const contents = replay.contents();
  const { nodeId, clusterId } = Metadata.decode(contents.metadata);
  logRestart(config, nodeId, clusterId, replay, contents, stored);
  checkReach(files, replay, contents, stored);

  const fresh = newState(config, clusterId, files);
  restoreMembership(fresh.membership, {
    stored,
    snapDirectory: directory.snapPath,
    start: replay.start,
    snapshot: log.snapshot,
    entries: contents.entries,
  });
  const survivor = {
    memberId: nodeId,
    peerUrls: config.peerUrls,
    membership: fresh.membership,
    appliedIndex: stored.consistentIndex,
    dataDir: directory.path,
  };
  const forced = config.forceNewCluster
    ? forceNewCluster(contents, survivor, config.logger)
    : undefined;
  if (forced === undefined) refuseStranger(directory, nodeId, fresh.membership);
  const state = await restoreState(fresh, files, stored, config.clock);
  await hashOldPasswords(contents.entries, stored.consistentIndex, config);
  const wal = openWal(walOptions(config, disk, directory), replay);
  // No sync: until something is acknowledged, the next start would only do this again.
  if (forced !== undefined) wal.append(forced.hardState, forced.added);
  const confState = forced === undefined
    ? confStateOf(state.membership.list())
    : ConfState.create({ voters: [nodeId] });
  return {
    memberId: nodeId,
    clusterId,
    raftStart: raftStartOf(replay, stored, forced ?? contents, confState),
    state,
    storage: walStorage(wal),
    files,
    snapshots: {
      directory: directory.snapPath,
      lastIndex: replay.start.index,
      isNeeded: !isLogReadable(log, contents, config.compatVersion),
    },
    close: () => closeBoth(wal, directory),
  };
}

function raftStartOf(
  { start }: WalReplay,
  { consistentIndex }: StoredState,
  { hardState, entries }: Pick<RaftStart, "hardState" | "entries">,
  confState: ConfState,
): RaftStart {
  return {
    snapshotIndex: start.index,
    snapshotTerm: start.term,
    appliedIndex: consistentIndex,
    hardState,
    entries,
    confState,
  };
}

async function closeBoth(wal: Wal, directory: DataDir): Promise<void> {
  try {
    await wal.close();
  } finally {
    directory.close();
  }
}

/** Whether an etcd of this version could start from the snapshot and read the log behind it. */
function isLogReadable(
  { replay, snapshot }: ReplayedLog,
  { entries }: WalContents,
  version: CompatVersion,
): boolean {
  if (replay.start.index > 0 && !isSnapshotReadable(snapshot?.data, version)) return false;
  return firstUnreadableEntry(entries, version) === undefined;
}

/** Who is not a member can neither vote nor lead, and would wait for ever. */
function refuseStranger(directory: DataDir, nodeId: bigint, membership: Membership): void {
  const members = membership.list();
  if (members.length === 0 || membership.get(nodeId) !== undefined) return;
  throw new DiskError({
    operation: "use the data directory",
    path: directory.path,
    code: DiskErrorCode.MISMATCH,
    what: `its member ${formatId(nodeId)} does not belong to the cluster, whose members are ` +
      members.map((member) => formatId(member.id)).join(", "),
    advice: "The member was removed, or parts of several members were mixed. Start with an empty " +
      "data directory or restore a backup",
  });
}

function storedState({ file }: BackendFiles): StoredState {
  const read = file.beginRead();
  try {
    const stored = readStoredState(read);
    refuseGaps(read, stored);
    return stored;
  } finally {
    read.close();
  }
}

function confStateOf(members: readonly { id: bigint; isLearner: boolean }[]): ConfState {
  const voters = members.filter((member) => !member.isLearner).map((member) => member.id);
  const learners = members.filter((member) => member.isLearner).map((member) => member.id);
  return ConfState.create({ voters, learners });
}

/** What is in the file was in the log before. */
function checkReach(
  { file }: BackendFiles,
  replay: WalReplay,
  { entries }: WalContents,
  { consistentIndex }: StoredState,
): void {
  const lastIndex = replay.start.index + entries.length;
  if (consistentIndex <= lastIndex) return;
  throw new DiskError({
    operation: "use",
    path: file.path,
    code: DiskErrorCode.MISMATCH,
    what: `it has the entries of the log up to index ${consistentIndex}, but the log in ` +
      `${replay.directory} ends with index ${lastIndex}`,
    advice: "The two are not of the same member, or the end of the log was lost. Restore a backup",
  });
}

function logRestart(
  { logger }: ServerConfig,
  nodeId: bigint,
  clusterId: bigint,
  replay: WalReplay,
  { hardState, entries }: WalContents,
  { consistentIndex }: StoredState,
): void {
  logger.info("restarting a member", {
    "member-id": nodeId.toString(16),
    "cluster-id": clusterId.toString(16),
    "snapshot-index": replay.start.index,
    "consistent-index": consistentIndex,
    "commit-index": hardState.commit,
    entries: entries.length,
  });
}
