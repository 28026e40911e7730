import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { encodeMember, type Member } from "../core/members/member.ts";
import { computeMemberId } from "../core/members/member_id.ts";
import { Membership } from "../core/members/membership.ts";
import type { RaftStart } from "../core/raft/ready.ts";
import { DataDir } from "../disk/data_dir.ts";
import { createWal, openWal, type WalBatch } from "../disk/wal_opening.ts";
import type { Wal, WalOptions } from "../disk/wal.ts";
import { WalReplay } from "../disk/wal_replay.ts";
import { Metadata } from "../pb/etcdserverpb.ts";
import {
  ConfChange,
  ConfChangeType,
  ConfState,
  Entry,
  EntryType,
  HardState,
} from "../pb/raftpb.ts";
import { type LogStorage, memoryLogStorage } from "./log_storage.ts";
import type { DiskConfig, ServerConfig } from "./server_config.ts";

/** A log that is ready to be appended to, and what it says so far. */
export interface OpenedLog {
  readonly storage: LogStorage;
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly raftStart: RaftStart;
}

/** A data directory whose content this version cannot serve. */
export class UnsupportedDataDir extends Error {
  override name = "UnsupportedDataDir";
}

/** Opens the log in the data directory, or founds a cluster of this one member. */
export async function openLog(config: ServerConfig): Promise<OpenedLog> {
  if (config.disk === undefined) return foundInMemory(config);
  const { fileSystem, dataDir, walDir } = config.disk;
  const directory = DataDir.open(fileSystem, { dataDir, walDir, holder: `process ${process.pid}` });
  for (const warning of directory.warnings) config.logger.warn(warning);
  try {
    refuseBackend(config.disk, directory);
    return directory.hasWal()
      ? await restart(config, config.disk, directory)
      : found(config, config.disk, directory);
  } catch (error) {
    directory.close();
    throw error;
  }
}

/** State in the B-tree file must not be passed over in silence. */
function refuseBackend(disk: DiskConfig, directory: DataDir): void {
  const info = disk.fileSystem.stat(directory.dbPath);
  if (info === undefined || info.sizeBytes === 0) return;
  throw new UnsupportedDataDir(
    `Cannot start on ${directory.path}: ${directory.dbPath} holds data, and this version of ` +
      "detcd cannot read B-tree files yet. Choose another --data-dir",
  );
}

async function restart(
  config: ServerConfig,
  disk: DiskConfig,
  directory: DataDir,
): Promise<OpenedLog> {
  const replay = new WalReplay(disk.fileSystem, directory.walPath, { index: 0, term: 0 });
  try {
    while (replay.step()) await setImmediate();
  } finally {
    replay.close();
  }
  const { metadata, hardState, entries } = replay.contents();
  const { nodeId, clusterId } = Metadata.decode(metadata);
  config.logger.info("restarting a member from its WAL", {
    "member-id": nodeId.toString(16),
    "cluster-id": clusterId.toString(16),
    entries: entries.length,
    "commit-index": hardState.commit,
  });
  const wal = openWal(walOptions(config, disk, directory), replay);
  return {
    storage: diskStorage(wal, directory),
    memberId: nodeId,
    clusterId,
    raftStart: raftStart(hardState, entries),
  };
}

function found(config: ServerConfig, disk: DiskConfig, directory: DataDir): OpenedLog {
  const { member, clusterId, batch } = founding(config);
  const metadata = Metadata.encode(Metadata.create({ nodeId: member.id, clusterId }));
  config.logger.info("founding a cluster of one member", {
    "member-id": member.id.toString(16),
    "cluster-id": clusterId.toString(16),
    "data-dir": directory.path,
  });
  const wal = createWal(walOptions(config, disk, directory), metadata, batch);
  return {
    storage: diskStorage(wal, directory),
    memberId: member.id,
    clusterId,
    raftStart: raftStart(batch.hardState, batch.entries),
  };
}

function foundInMemory(config: ServerConfig): OpenedLog {
  const { member, clusterId, batch } = founding(config);
  return {
    storage: memoryLogStorage,
    memberId: member.id,
    clusterId,
    raftStart: raftStart(batch.hardState, batch.entries),
  };
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

function raftStart(hardState: HardState, entries: readonly Entry[]): RaftStart {
  const confState = ConfState.create();
  return { hardState, snapshotIndex: 0, snapshotTerm: 0, confState, entries };
}

function walOptions(config: ServerConfig, disk: DiskConfig, directory: DataDir): WalOptions {
  return {
    fileSystem: disk.fileSystem,
    directory: directory.walPath,
    clock: config.clock,
    observer: config.observer,
    unsafeNoSync: disk.unsafeNoFsync,
  };
}

function diskStorage(wal: Wal, directory: DataDir): LogStorage {
  return {
    append: (hardState, entries) => wal.append(hardState, entries),
    sync: () => wal.sync(),
    async close() {
      try {
        await wal.close();
      } finally {
        directory.close();
      }
    },
  };
}
