// Defects that the crash test must find, or it is worth nothing. They are planted around the
// B-tree file, so that the file itself needs no switch for them.

import type { DiskFile, FileInfo, FileLock, FileSystem, OpenMode } from "../../file_system.ts";
import { PageAllocator } from "../page_allocator.ts";

/** Pages can be written again in the very transaction that does without them. */
export class EagerAllocator extends PageAllocator {
  override freed(transactionId: number, ids: readonly number[]): void {
    super.freed(transactionId, ids);
    super.release(transactionId);
  }
}

/** How the writes of a commit are mishandled. */
export type WriteDefect = "missing data sync" | "missing meta sync" | "meta before data";

/** A disk under a B-tree file that has a defect in its commits. */
export class DefectiveFileSystem implements FileSystem {
  readonly #disk: FileSystem;
  readonly #defect: WriteDefect;
  readonly #pageBytes: number;

  constructor(disk: FileSystem, defect: WriteDefect, pageBytes: number) {
    this.#disk = disk;
    this.#defect = defect;
    this.#pageBytes = pageBytes;
  }

  open(path: string, mode: OpenMode): DiskFile {
    return new DefectiveFile(this.#disk.open(path, mode), this.#defect, 2 * this.#pageBytes);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#disk.remove(path);
  }

  removeTree(path: string): void {
    this.#disk.removeTree(path);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  readDirectory(path: string): string[] {
    return this.#disk.readDirectory(path);
  }

  stat(path: string): FileInfo | undefined {
    return this.#disk.stat(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#disk.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.#disk.syncDirectoryNow(path);
  }

  tryLock(path: string): FileLock | undefined {
    return this.#disk.tryLock(path);
  }
}

/** A write that is held back. */
interface HeldWrite {
  readonly bytes: Uint8Array;
  readonly position: number;
}

class DefectiveFile implements DiskFile {
  path: string;
  readonly #file: DiskFile;
  readonly #defect: WriteDefect;
  readonly #metaEnd: number;
  #held: HeldWrite[] = [];
  #isMetaWritten = false;

  constructor(file: DiskFile, defect: WriteDefect, metaEnd: number) {
    this.path = file.path;
    this.#file = file;
    this.#defect = defect;
    this.#metaEnd = metaEnd;
  }

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    return this.#file.readAt(target, start, end, position);
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    if (position < this.#metaEnd) this.#isMetaWritten = true;
    else if (this.#defect === "meta before data") {
      this.#held.push({ bytes: bytes.slice(start, end), position });
      return;
    }
    this.#file.writeAt(bytes, start, end, position);
  }

  async dataSync(): Promise<void> {
    const isMetaWritten = this.#isMetaWritten;
    this.#isMetaWritten = false;
    if (this.#defect === "missing data sync" && !isMetaWritten) return;
    if (this.#defect === "missing meta sync" && isMetaWritten) return;
    if (this.#defect === "meta before data" && !isMetaWritten) return;
    await this.#file.dataSync();
    if (this.#held.length === 0) return;
    for (const { bytes, position } of this.#held) {
      this.#file.writeAt(bytes, 0, bytes.length, position);
    }
    this.#held = [];
    await this.#file.dataSync();
  }

  dataSyncNow(): void {
    this.#file.dataSyncNow();
  }

  truncate(sizeBytes: number): void {
    this.#file.truncate(sizeBytes);
  }

  size(): number {
    return this.#file.size();
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }

  close(): void {
    this.#file.close();
  }
}
