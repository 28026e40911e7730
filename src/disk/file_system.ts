/**
 * How a file is opened: `read` and `write` want it to be there, `create` makes it if it is missing,
 * `createNew` wants it to be missing. All but `read` also allow writing.
 */
export type OpenMode = "read" | "write" | "create" | "createNew";

/** An open file. Every call takes its position; there is no cursor. Failures are DiskErrors. */
export interface DiskFile {
  /** What errors call it; who renames the file sets it. */
  path: string;

  /** Reads up to `end - start` bytes into target[start, end); fewer only at the end of the file. */
  readAt(target: Uint8Array, start: number, end: number, position: number): number;

  /** Writes all of bytes[start, end) at `position`, or throws. */
  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void;

  /** Cuts the file or extends it with zeros that take no room. */
  truncate(sizeBytes: number): void;

  size(): number;

  /**
   * What was written before the call survives a loss of power once the promise is fulfilled, and so
   * does the size. A rejected promise tells nothing about what survives; do not try again.
   */
  dataSync(): Promise<void>;

  /** The same, holding up the whole process meanwhile. */
  dataSyncNow(): void;

  close(): void;

  /**
   * Closes a file that has no name any more. What it took of the disk is given back without holding
   * up the process, which closing alone would do. Never fails: nothing depends on it.
   */
  discard(): Promise<void>;
}

/** What a path leads to. */
export interface FileInfo {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
  /** Permission bits; 0 where the system has none. */
  readonly mode: number;
}

/** A lock that this process holds. */
export interface FileLock {
  release(): void;
}

/**
 * What the server wants from a disk. A new, renamed or removed name survives a loss of power only
 * once its directory was synced. Failures are DiskErrors.
 */
export interface FileSystem {
  /** New files may be read and written by their owner only. */
  open(path: string, mode: OpenMode): DiskFile;

  /** Within one directory; what has the new name is replaced. */
  rename(from: string, to: string): void;

  /** Removes a file. */
  remove(path: string): void;

  /** Removes a directory with all that is in it, if it is there. */
  removeTree(path: string): void;

  /** Makes one directory (its parent must be there) that only its owner may use. */
  makeDirectory(path: string): void;

  /** The names in a directory, sorted. */
  readDirectory(path: string): string[];

  /** Undefined if nothing is there. */
  stat(path: string): FileInfo | undefined;

  syncDirectory(path: string): Promise<void>;

  /** The same, holding up the whole process meanwhile. */
  syncDirectoryNow(path: string): void;

  /**
   * Takes the exclusive lock on a file, which is made if it is missing. Undefined if another
   * process has it. The lock ends with the process, however that ends.
   */
  tryLock(path: string): FileLock | undefined;
}
