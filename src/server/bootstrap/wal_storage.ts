import type { DataDir } from "../../disk/data_dir.ts";
import type { Wal, WalOptions } from "../../disk/wal.ts";
import type { LogStorage } from "../raft/log_storage.ts";
import type { DiskConfig, ServerConfig } from "../server_config.ts";

/** How the member's log is kept. */
export function walOptions(
  config: ServerConfig,
  disk: DiskConfig,
  directory: DataDir,
): WalOptions {
  return {
    fileSystem: disk.fileSystem,
    directory: directory.walPath,
    clock: config.clock,
    observer: config.observer,
    segmentSizeBytes: disk.forTests?.walSegmentSizeBytes,
    unsafeNoSync: disk.unsafeNoFsync || disk.forTests?.walWithoutSync === true,
  };
}

/** The log as the server uses it; whoever opened it closes it. */
export function walStorage(wal: Wal): LogStorage {
  return {
    append: (hardState, entries) => wal.append(hardState, entries),
    sync: () => wal.sync(),
    saveSnapshot: (snapshot) => wal.saveSnapshot(snapshot),
    releaseTo: (index) => wal.releaseTo(index),
    purge: (keepCount) => void wal.purge(keepCount),
  };
}
