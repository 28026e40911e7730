import type { DataDir } from "../../disk/data_dir.ts";
import type { YieldTurn } from "../../disk/btree/turn_budget.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import { newestSnapFile, type SnapPosition } from "../../disk/snap_file.ts";
import { WalReplay, WalSnapshotSearch, type WalStart } from "../../disk/wal_replay.ts";
import type { Snapshot } from "../../pb/raftpb.ts";
import { turnsWhileStarting } from "../turns.ts";
import type { DiskConfig, ServerConfig } from "../server_config.ts";

const BEGINNING: WalStart = { index: 0, term: 0 };

/** The log behind a snapshot. */
export interface ReplayedLog {
  readonly replay: WalReplay;
  /** What the file of that snapshot says; undefined where there is none. */
  readonly snapshot: Snapshot | undefined;
}

/**
 * Reads the log from the newest snapshot on that the B-tree file, which has the entries up to
 * `consistentIndex`, reaches.
 */
export async function replayLog(
  { clock, logger }: ServerConfig,
  { fileSystem }: DiskConfig,
  { snapPath, walPath }: DataDir,
  consistentIndex: number,
): Promise<ReplayedLog> {
  const yieldTurn = turnsWhileStarting(clock);
  let newest = consistentIndex;
  for (;;) {
    const accepts = ({ index }: SnapPosition) => index <= newest;
    const snapshot = newestSnapFile(fileSystem, snapPath, accepts, (error) => {
      logger.warn("put a broken snapshot file aside", { error: error.message });
    });
    if (snapshot === undefined) break;
    const replay = await readFrom(fileSystem, walPath, snapshot.metadata, yieldTurn);
    if (replay.startSeen) return { replay, snapshot };
    newest = snapshot.metadata.index - 1;
  }
  // Not every etcd writes snapshot files; the log itself knows best, but must be read twice then.
  const recorded = await recordedSnapshots(fileSystem, walPath, yieldTurn);
  const start = recorded.findLast(({ index }) => index <= consistentIndex) ?? BEGINNING;
  const replay = await readFrom(fileSystem, walPath, start, yieldTurn);
  return { replay, snapshot: undefined };
}

async function readFrom(
  fileSystem: FileSystem,
  directory: string,
  start: WalStart,
  yieldTurn: YieldTurn,
): Promise<WalReplay> {
  const replay = new WalReplay(fileSystem, directory, start);
  try {
    while (replay.step()) await yieldTurn();
  } finally {
    replay.close();
  }
  return replay;
}

async function recordedSnapshots(
  fileSystem: FileSystem,
  directory: string,
  yieldTurn: YieldTurn,
): Promise<readonly WalStart[]> {
  const search = new WalSnapshotSearch(fileSystem, directory);
  try {
    while (search.step()) await yieldTurn();
  } finally {
    search.close();
  }
  return search.snapshots();
}
