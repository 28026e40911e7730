import nodeFs from "node:fs";
import { DiskError, diskErrorFrom } from "./disk_error.ts";
import type { DiskFile, FileInfo, FileLock, FileSystem, OpenMode } from "./file_system.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = nodeFs.constants;

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT,
  createNew: O_RDWR | O_CREAT | O_EXCL,
};

/** The machine's own disks. It uses node:fs because Deno's own files have no positioned calls. */
export class DenoFileSystem implements FileSystem {
  open(path: string, mode: OpenMode): DiskFile {
    return attempt("open", path, () => {
      return new DenoDiskFile(path, nodeFs.openSync(path, OPEN_FLAGS[mode], FILE_MODE));
    });
  }

  rename(from: string, to: string): void {
    attempt(`rename ${from} to`, to, () => nodeFs.renameSync(from, to));
  }

  remove(path: string): void {
    attempt("remove", path, () => nodeFs.unlinkSync(path));
  }

  removeTree(path: string): void {
    attempt("remove", path, () => nodeFs.rmSync(path, { recursive: true, force: true }));
  }

  makeDirectory(path: string): void {
    attempt("make the directory", path, () => nodeFs.mkdirSync(path, DIRECTORY_MODE));
  }

  readDirectory(path: string): string[] {
    return attempt("list", path, () => nodeFs.readdirSync(path).sort());
  }

  stat(path: string): FileInfo | undefined {
    try {
      const stats = nodeFs.statSync(path);
      return {
        sizeBytes: stats.size,
        isDirectory: stats.isDirectory(),
        mode: Deno.build.os === "windows" ? 0 : stats.mode & 0o777,
      };
    } catch (cause) {
      const error = diskErrorFrom("look at", path, cause);
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  syncDirectory(path: string): Promise<void> {
    // Windows opens no directories as files; its file systems keep names in a journal.
    if (Deno.build.os === "windows") return Promise.resolve();
    const operation = "sync the directory";
    return new Promise((resolve, reject) => {
      const descriptor = attempt(operation, path, () => nodeFs.openSync(path, O_RDONLY));
      nodeFs.fsync(descriptor, (cause) => {
        nodeFs.closeSync(descriptor);
        if (cause) reject(diskErrorFrom(operation, path, cause));
        else resolve();
      });
    });
  }

  syncDirectoryNow(path: string): void {
    if (Deno.build.os === "windows") return;
    attempt("sync the directory", path, () => {
      const descriptor = nodeFs.openSync(path, O_RDONLY);
      try {
        nodeFs.fsyncSync(descriptor);
      } finally {
        nodeFs.closeSync(descriptor);
      }
    });
  }

  /**
   * flock on the file itself where that only binds those who ask for it: the lock that bbolt takes
   * too. Windows would keep everybody, ourselves included, from reading a locked file, so a file
   * beside it is locked there.
   */
  tryLock(path: string): FileLock | undefined {
    const lockPath = Deno.build.os === "windows" ? `${path}.lock` : path;
    return attempt("lock", lockPath, () => {
      const file = Deno.openSync(lockPath, {
        read: true,
        write: true,
        create: true,
        mode: FILE_MODE,
      });
      try {
        const isOurs = file.tryLockSync(true) && isAt(file, lockPath);
        if (isOurs) return { release: () => file.close() };
      } catch (cause) {
        file.close();
        throw cause;
      }
      file.close();
      return undefined;
    });
  }
}

/**
 * Who replaces a locked file locks the new one first. What we have opened may be the old one, whose
 * lock says nothing any more.
 */
function isAt(file: Deno.FsFile, path: string): boolean {
  return Deno.build.os === "windows" || file.statSync().ino === Deno.statSync(path).ino;
}

class DenoDiskFile implements DiskFile {
  path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  // The calls that a running server makes all the time have their own try instead of attempt():
  // a closure for each would cost more than the rest of the call.

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    let done = start;
    try {
      while (done < end) {
        const count = nodeFs.readSync(
          this.#descriptor,
          target,
          done,
          end - done,
          position + done - start,
        );
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw diskErrorFrom("read", this.path, cause);
    }
    return done - start;
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    let done = start;
    try {
      while (done < end) {
        done += nodeFs.writeSync(
          this.#descriptor,
          bytes,
          done,
          end - done,
          position + done - start,
        );
      }
    } catch (cause) {
      throw diskErrorFrom("write", this.path, cause);
    }
  }

  truncate(sizeBytes: number): void {
    attempt("set the size of", this.path, () => nodeFs.ftruncateSync(this.#descriptor, sizeBytes));
  }

  size(): number {
    return attempt("look at", this.path, () => nodeFs.fstatSync(this.#descriptor).size);
  }

  dataSync(): Promise<void> {
    return new Promise((resolve, reject) => {
      nodeFs.fdatasync(this.#descriptor, (cause) => {
        if (cause) reject(syncError(this.path, cause));
        else resolve();
      });
    });
  }

  dataSyncNow(): void {
    try {
      nodeFs.fdatasyncSync(this.#descriptor);
    } catch (cause) {
      throw syncError(this.path, cause);
    }
  }

  close(): void {
    attempt("close", this.path, () => nodeFs.closeSync(this.#descriptor));
  }

  async discard(): Promise<void> {
    await new Promise<void>((resolve) => nodeFs.ftruncate(this.#descriptor, 0, () => resolve()));
    this.close();
  }
}

function syncError(path: string, cause: unknown): DiskError {
  return diskErrorFrom("sync", path, cause);
}

function attempt<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw diskErrorFrom(operation, path, cause);
  }
}
