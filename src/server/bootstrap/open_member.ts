import process from "node:process";
import { DataDir } from "../../disk/data_dir.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import { BackendFiles, type BackendPlace } from "../backend/backend_files.ts";
import { defragment } from "../backend/defragmentation.ts";
import { turnsWhileStarting } from "../turns.ts";
import type { DiskConfig, ServerConfig } from "../server_config.ts";
import { syncFoundData } from "./found_data.ts";
import { foundInMemory, foundOnDisk } from "./founding.ts";
import type { OpenedMember } from "./opened_member.ts";
import { restart } from "./restart.ts";

/** Opens the member in the data directory, or founds a cluster of this one member. */
export async function openMember(config: ServerConfig): Promise<OpenedMember> {
  if (config.disk === undefined) return await openInMemory(config);
  const { fileSystem, dataDir, walDir } = config.disk;
  const directory = DataDir.open(fileSystem, { dataDir, walDir, holder: `process ${process.pid}` });
  try {
    for (const warning of directory.warnings) config.logger.warn(warning);
    if (!config.disk.unsafeNoFsync) syncFoundData(fileSystem, directory);
    const files = await BackendFiles.open(placeIn(directory, config.disk), config.clock);
    try {
      await prepareFile(config, files);
      return directory.hasWal()
        ? await restart(config, config.disk, directory, files)
        : await foundOnDisk(config, config.disk, directory, files);
    } catch (error) {
      await files.close();
      throw error;
    }
  } catch (error) {
    directory.close();
    throw error;
  }
}

/** What the configuration wants to be done with the B-tree file before it is used. */
async function prepareFile(config: ServerConfig, files: BackendFiles): Promise<void> {
  if (files.file.warning !== undefined) config.logger.warn(files.file.warning);
  if (config.corruptionChecks.initial) await refuseDamage(files);
  const { bootstrapDefragThresholdBytes } = config.backend;
  const { freeBytes } = files.file;
  if (bootstrapDefragThresholdBytes <= 0 || freeBytes < bootstrapDefragThresholdBytes) return;
  config.logger.info("defragmenting the backend file before the start", {
    "free-bytes": freeBytes,
    "size-bytes": files.file.sizeBytes,
  });
  await defragment(files, config.clock, turnsWhileStarting(config.clock));
}

async function refuseDamage({ file }: BackendFiles): Promise<void> {
  const [finding] = await file.check();
  if (finding === undefined) return;
  throw new DiskError({
    operation: "use",
    path: file.path,
    code: DiskErrorCode.CORRUPT,
    what: finding.what,
    offset: finding.offset,
    advice: "Restore this member from a backup",
  });
}

function placeIn(directory: DataDir, disk: DiskConfig): BackendPlace {
  return {
    fileSystem: disk.fileSystem,
    path: directory.dbPath,
    directory: directory.snapPath,
    unsafeNoSync: disk.unsafeNoFsync,
    newAllocator: disk.forTests?.newPageAllocator,
    replace: (path) => directory.replaceDb(path),
  };
}

async function openInMemory(config: ServerConfig): Promise<OpenedMember> {
  // Loaded when it is needed: a member on a disk has no use for it.
  const { MemoryFileSystem } = await import("../../disk/memory_file_system.ts");
  const fileSystem = new MemoryFileSystem();
  const place: BackendPlace = {
    fileSystem,
    path: "/db",
    directory: "/",
    unsafeNoSync: true,
    newAllocator: undefined,
    replace: (path) => Promise.resolve(fileSystem.rename(path, "/db")),
  };
  return foundInMemory(config, await BackendFiles.open(place, config.clock));
}
