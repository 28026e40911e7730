import { dirname, join } from "node:path";
import { bytesFromText, textFromBytes } from "../base/bytes.ts";
import { DiskError, DiskErrorCode, diskErrorFrom } from "./disk_error.ts";
import type { FileLock, FileSystem } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";
import { makeDirectories } from "./make_directories.ts";
import { unfinishedWalPath } from "./wal_opening.ts";
import { haveWal } from "./wal_segment.ts";

/** Which directories a member uses. */
interface DataDirOptions {
  readonly dataDir: string;
  /** For the log, if it is to lie on another disk: etcd's --wal-dir. */
  readonly walDir?: string | undefined;
  /** How the next server that wants the directory is to call this one, such as "process 4711". */
  readonly holder: string;
}

/** Only the owner may look into a member's directories. */
const DIRECTORY_MODE = 0o700;

/** Holds what the last detcd that took the lock called itself; only for messages. */
const HOLDER_FILE = "detcd.holder";

/** The directories of a member in etcd's layout, locked against all other servers. */
export class DataDir {
  readonly path: string;
  /** The directory of the log. */
  readonly walPath: string;
  /** The directory of the snapshots and of the B-tree file. */
  readonly snapPath: string;
  /** The B-tree file. */
  readonly dbPath: string;
  /** What an administrator should know and may ignore. */
  readonly warnings: readonly string[];
  readonly #fileSystem: FileSystem;
  #lock: FileLock;

  private constructor(fileSystem: FileSystem, paths: Paths, lock: FileLock, warnings: string[]) {
    this.path = paths.data;
    this.walPath = paths.wal;
    this.snapPath = paths.snap;
    this.dbPath = paths.db;
    this.warnings = warnings;
    this.#fileSystem = fileSystem;
    this.#lock = lock;
  }

  /**
   * Makes what is missing, locks the directory and removes what an earlier server did not finish.
   * Throws a DiskError that says what to do if the directory cannot be used.
   */
  static open(fileSystem: FileSystem, options: DataDirOptions): DataDir {
    const paths = pathsOf(options);
    refuseProxy(fileSystem, paths.data);
    const warnings: string[] = [];
    for (const path of [paths.data, paths.member, paths.snap]) {
      prepareDirectory(fileSystem, path, warnings);
    }
    // Where --wal-dir lies is the user's choice; it may well be a directory for all.
    prepareDirectory(fileSystem, dirname(paths.wal), []);
    for (const path of [paths.data, paths.snap, dirname(paths.wal)]) {
      checkWritable(fileSystem, path);
    }
    const lock = takeLock(fileSystem, paths);
    try {
      writeHolder(fileSystem, paths.holder, options.holder);
      removeUnfinished(fileSystem, paths);
    } catch (error) {
      lock.release();
      throw error;
    }
    return new DataDir(fileSystem, paths, lock, warnings);
  }

  /** Whether a member was started here before. This alone decides between restart and bootstrap. */
  hasWal(): boolean {
    return haveWal(this.#fileSystem, this.walPath);
  }

  /**
   * Lets a finished file, which lies beside the B-tree file, take its place, and survive a loss of
   * power there. Who has the file before open goes on reading that one.
   *
   * A lock is not on the name but on the file behind it (flock knows inodes), and the new file comes
   * with none. So it is locked before it gets the name: whoever opens the name, before or after,
   * finds a locked file. The lock on the file before ends last, when no name leads to it any more.
   */
  async replaceDb(newPath: string): Promise<void> {
    const lock = this.#fileSystem.tryLock(newPath);
    if (lock === undefined) throw lockedBySomebody(newPath);
    try {
      this.#fileSystem.rename(newPath, this.dbPath);
    } catch (error) {
      lock.release();
      throw error;
    }
    const before = this.#lock;
    this.#lock = lock;
    try {
      await this.#fileSystem.syncDirectory(this.snapPath);
    } finally {
      before.release();
      this.#lockBesideIfNeeded();
    }
  }

  /** Lets another server use the directory. */
  close(): void {
    this.#lock.release();
  }

  /**
   * On Windows a lock is on another file beside the locked one, and that stays where it is when the
   * locked one gets a new name. Everywhere else this finds the lock taken, by ourselves.
   */
  #lockBesideIfNeeded(): void {
    const lock = this.#fileSystem.tryLock(this.dbPath);
    if (lock === undefined) return;
    this.#lock.release();
    this.#lock = lock;
  }
}

interface Paths {
  readonly data: string;
  readonly member: string;
  readonly wal: string;
  readonly snap: string;
  readonly db: string;
  readonly holder: string;
}

function pathsOf(options: DataDirOptions): Paths {
  const data = options.dataDir;
  const member = join(data, "member");
  const snap = join(member, "snap");
  return {
    data,
    member,
    wal: options.walDir === undefined || options.walDir === ""
      ? join(member, "wal")
      : join(options.walDir, "."),
    snap,
    db: join(snap, "db"),
    holder: join(member, HOLDER_FILE),
  };
}

function refuseProxy(fileSystem: FileSystem, dataDir: string): void {
  if (fileSystem.stat(join(dataDir, "proxy")) === undefined) return;
  throw new DiskError({
    operation: "use the data directory",
    path: dataDir,
    code: DiskErrorCode.CONFLICT,
    what: "it belongs to an etcd v2 proxy",
    advice: "Choose another --data-dir",
  });
}

function prepareDirectory(fileSystem: FileSystem, path: string, warnings: string[]): void {
  const info = fileSystem.stat(path);
  if (info === undefined) {
    makeDirectories(fileSystem, path);
  } else if (!info.isDirectory) {
    throw new DiskError({
      operation: "use the data directory",
      path,
      code: "ENOTDIR",
      what: "it is a file",
      advice: "Choose another --data-dir",
    });
  } else if (info.mode !== 0 && info.mode !== DIRECTORY_MODE) {
    warnings.push(
      `${path} has permissions ${info.mode.toString(8)}; ` +
        `${DIRECTORY_MODE.toString(8)} would keep others from reading the data`,
    );
  }
}

/** etcd's own probe: it makes and removes a file. */
function checkWritable(fileSystem: FileSystem, path: string): void {
  const probe = join(path, ".touch");
  try {
    fileSystem.open(probe, "create").close();
    fileSystem.remove(probe);
  } catch (cause) {
    const { code, what } = diskErrorFrom("write", probe, cause);
    throw new DiskError({ operation: "write to the directory", path, code, what, cause });
  }
}

function takeLock(fileSystem: FileSystem, paths: Paths): FileLock {
  const lock = fileSystem.tryLock(paths.db);
  if (lock !== undefined) return lock;
  const holder = readHolder(fileSystem, paths.holder);
  throw new DiskError({
    operation: "use the data directory",
    path: paths.data,
    code: DiskErrorCode.LOCKED,
    what: "another server is running on it" +
      (holder === "" ? "" : ` (the last detcd here was ${holder})`),
    advice: "Stop that server or choose another --data-dir",
  });
}

function lockedBySomebody(path: string): DiskError {
  return new DiskError({
    operation: "lock",
    path,
    code: DiskErrorCode.LOCKED,
    what: "another process has locked it",
  });
}

function writeHolder(fileSystem: FileSystem, path: string, holder: string): void {
  const bytes = bytesFromText(holder);
  const file = fileSystem.open(path, "create");
  try {
    file.truncate(0);
    file.writeAt(bytes, 0, bytes.length, 0);
  } finally {
    file.close();
  }
}

/** Empty if nobody left a name. */
function readHolder(fileSystem: FileSystem, path: string): string {
  try {
    const file = fileSystem.open(path, "read");
    try {
      const bytes = new Uint8Array(DISK_LIMITS.holderBytes);
      return textFromBytes(bytes.subarray(0, file.readAt(bytes, 0, bytes.length, 0))).trim();
    } finally {
      file.close();
    }
  } catch {
    // The message that this is for is worth more than the name in it.
    return "";
  }
}

/**
 * What was never finished is a log that was being made (`wal.tmp`), a B-tree file on its way from a
 * leader (`tmp*`) and the copy of a defragmentation (`db.tmp.*`). A file `*.snap.db` is finished, and
 * may be what the member has to go on with: see `removeSnapDbsBefore`.
 */
function removeUnfinished(fileSystem: FileSystem, paths: Paths): void {
  fileSystem.removeTree(unfinishedWalPath(paths.wal));
  for (const name of fileSystem.readDirectory(paths.snap)) {
    if (name.startsWith("tmp") || name.startsWith("db.tmp")) {
      fileSystem.remove(join(paths.snap, name));
    }
  }
}
