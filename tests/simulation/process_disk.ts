import type {
  DiskFile,
  FileInfo,
  FileLock,
  FileSystem,
  OpenMode,
} from "../../src/disk/file_system.ts";

/** What a process does with a disk. */
export type DiskOperation =
  | "open"
  | "read"
  | "write"
  | "truncate"
  | "sync"
  | "rename"
  | "remove"
  | "make"
  | "look";

/** Hears of an operation before it begins, and may throw what then hinders it. */
export type DiskObserver = (operation: DiskOperation, path: string) => void;

/** A disk as one process uses it. */
export class ProcessDisk implements FileSystem {
  readonly #disk: FileSystem;
  readonly #observe: DiskObserver;

  constructor(disk: FileSystem, observe: DiskObserver) {
    this.#disk = disk;
    this.#observe = observe;
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#observe("open", path);
    return new ProcessFile(this.#disk.open(path, mode), this.#observe);
  }

  rename(from: string, to: string): void {
    this.#observe("rename", to);
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#observe("remove", path);
    this.#disk.remove(path);
  }

  removeTree(path: string): void {
    this.#observe("remove", path);
    this.#disk.removeTree(path);
  }

  makeDirectory(path: string): void {
    this.#observe("make", path);
    this.#disk.makeDirectory(path);
  }

  readDirectory(path: string): string[] {
    this.#observe("look", path);
    return this.#disk.readDirectory(path);
  }

  stat(path: string): FileInfo | undefined {
    this.#observe("look", path);
    return this.#disk.stat(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#observe("sync", path);
    await this.#disk.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.#observe("sync", path);
    this.#disk.syncDirectoryNow(path);
  }

  tryLock(path: string): FileLock | undefined {
    this.#observe("open", path);
    return this.#disk.tryLock(path);
  }
}

class ProcessFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #observe: DiskObserver;

  constructor(file: DiskFile, observe: DiskObserver) {
    this.#file = file;
    this.#observe = observe;
  }

  get path(): string {
    return this.#file.path;
  }

  set path(path: string) {
    this.#file.path = path;
  }

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    this.#observe("read", this.path);
    return this.#file.readAt(target, start, end, position);
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    this.#observe("write", this.path);
    this.#file.writeAt(bytes, start, end, position);
  }

  truncate(sizeBytes: number): void {
    this.#observe("truncate", this.path);
    this.#file.truncate(sizeBytes);
  }

  size(): number {
    this.#observe("look", this.path);
    return this.#file.size();
  }

  async dataSync(): Promise<void> {
    this.#observe("sync", this.path);
    await this.#file.dataSync();
  }

  dataSyncNow(): void {
    this.#observe("sync", this.path);
    this.#file.dataSyncNow();
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }

  close(): void {
    this.#file.close();
  }
}
