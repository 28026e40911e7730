import type { DiskFile, FileInfo, FileLock, FileSystem, OpenMode } from "../../disk/file_system.ts";

/** Another file system, of which somebody hears how much is read. */
export class WatchedFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #onRead: (bytes: number) => void;

  constructor(inner: FileSystem, onRead: (bytes: number) => void) {
    this.#inner = inner;
    this.#onRead = onRead;
  }

  open(path: string, mode: OpenMode): DiskFile {
    return new WatchedFile(this.#inner.open(path, mode), this.#onRead);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
  }

  remove(path: string): void {
    this.#inner.remove(path);
  }

  removeTree(path: string): void {
    this.#inner.removeTree(path);
  }

  makeDirectory(path: string): void {
    this.#inner.makeDirectory(path);
  }

  readDirectory(path: string): string[] {
    return this.#inner.readDirectory(path);
  }

  stat(path: string): FileInfo | undefined {
    return this.#inner.stat(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#inner.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.#inner.syncDirectoryNow(path);
  }

  tryLock(path: string): FileLock | undefined {
    return this.#inner.tryLock(path);
  }
}

class WatchedFile implements DiskFile {
  readonly #inner: DiskFile;
  readonly #onRead: (bytes: number) => void;

  constructor(inner: DiskFile, onRead: (bytes: number) => void) {
    this.#inner = inner;
    this.#onRead = onRead;
  }

  get path(): string {
    return this.#inner.path;
  }

  set path(path: string) {
    this.#inner.path = path;
  }

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    const count = this.#inner.readAt(target, start, end, position);
    this.#onRead(count);
    return count;
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    this.#inner.writeAt(bytes, start, end, position);
  }

  truncate(sizeBytes: number): void {
    this.#inner.truncate(sizeBytes);
  }

  size(): number {
    return this.#inner.size();
  }

  dataSync(): Promise<void> {
    return this.#inner.dataSync();
  }

  dataSyncNow(): void {
    this.#inner.dataSyncNow();
  }

  discard(): Promise<void> {
    return this.#inner.discard();
  }

  close(): void {
    this.#inner.close();
  }
}
