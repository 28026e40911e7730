import type {
  DiskFile,
  FileInfo,
  FileLock,
  FileSystem,
  OpenMode,
} from "../../../disk/file_system.ts";
import { MemoryFileSystem } from "../../../disk/memory_file_system.ts";
import { simulatedError } from "../../../disk/simulated_hardware.ts";

/** An operation that changes something, as tests see it: `sync /data/member/snap/db`. */
type Step = string;

interface PlannedFailure {
  readonly pattern: RegExp;
  readonly code: string;
}

interface Hold {
  readonly pattern: RegExp;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** A sync that ends only when the test says so. */
interface HeldSync {
  /** Resolves when somebody waits for the sync. */
  readonly reached: Promise<void>;
  release(): void;
}

/**
 * For tests: a disk in memory that remembers what was done in which order, knows how many files are
 * open, and lets tests hold or break the steps that they name.
 */
export class WatchedDisk implements FileSystem {
  readonly memory: MemoryFileSystem;
  /** Every step that changed something, oldest first. */
  readonly steps: Step[] = [];
  #openFileCount = 0;
  readonly #failures: PlannedFailure[] = [];
  readonly #holds: Hold[] = [];

  constructor(memory: MemoryFileSystem = new MemoryFileSystem({ tracksUnsynced: false })) {
    this.memory = memory;
  }

  get openFileCount(): number {
    return this.#openFileCount;
  }

  /** Makes the next step that matches fail. */
  failNext(pattern: RegExp, code: string): void {
    this.#failures.push({ pattern, code });
  }

  /** Holds the next sync that matches; later ones pass. */
  holdNext(pattern: RegExp): HeldSync {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#holds.push({ pattern, reached, released });
    return { reached: reached.promise, release: () => released.resolve() };
  }

  /** Called before anything is changed; for the files of this disk. */
  begin(operation: string, path: string): void {
    this.throwPlanned(operation, path);
    this.steps.push(`${operation} ${path}`);
  }

  /** For the files of this disk: reading is no step, but can fail as well. */
  throwPlanned(operation: string, path: string): void {
    const due = this.#failures.findIndex(({ pattern }) => pattern.test(`${operation} ${path}`));
    if (due >= 0) throw simulatedError(operation, path, this.#failures.splice(due, 1)[0].code);
  }

  /** Waits as long as the test holds the sync of the path; for the files of this disk. */
  async untilReleased(path: string): Promise<void> {
    const due = this.#holds.findIndex(({ pattern }) => pattern.test(`sync ${path}`));
    if (due < 0) return;
    const [{ reached, released }] = this.#holds.splice(due, 1);
    reached.resolve();
    await released.promise;
  }

  /** For the files of this disk. */
  closed(): void {
    this.#openFileCount--;
  }

  open(path: string, mode: OpenMode): DiskFile {
    if (mode !== "read" && this.memory.stat(path) === undefined) this.begin("create", path);
    const file = this.memory.open(path, mode);
    this.#openFileCount++;
    return new WatchedFile(this, file);
  }

  rename(from: string, to: string): void {
    this.begin("rename", to);
    this.memory.rename(from, to);
  }

  remove(path: string): void {
    this.begin("remove", path);
    this.memory.remove(path);
  }

  removeTree(path: string): void {
    this.memory.removeTree(path);
  }

  makeDirectory(path: string): void {
    this.begin("create", path);
    this.memory.makeDirectory(path);
  }

  readDirectory(path: string): string[] {
    return this.memory.readDirectory(path);
  }

  stat(path: string): FileInfo | undefined {
    return this.memory.stat(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.begin("sync", path);
    await this.untilReleased(path);
    await this.memory.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.begin("sync", path);
    this.memory.syncDirectoryNow(path);
  }

  tryLock(path: string): FileLock | undefined {
    return this.memory.tryLock(path);
  }
}

class WatchedFile implements DiskFile {
  readonly #disk: WatchedDisk;
  readonly #file: DiskFile;

  constructor(disk: WatchedDisk, file: DiskFile) {
    this.#disk = disk;
    this.#file = file;
  }

  get path(): string {
    return this.#file.path;
  }

  set path(path: string) {
    this.#file.path = path;
  }

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    this.#disk.throwPlanned("read", this.path);
    return this.#file.readAt(target, start, end, position);
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    this.#disk.begin("write", this.path);
    this.#file.writeAt(bytes, start, end, position);
  }

  truncate(sizeBytes: number): void {
    this.#disk.begin("truncate", this.path);
    this.#file.truncate(sizeBytes);
  }

  size(): number {
    return this.#file.size();
  }

  async dataSync(): Promise<void> {
    this.#disk.begin("sync", this.path);
    await this.#disk.untilReleased(this.path);
    await this.#file.dataSync();
  }

  dataSyncNow(): void {
    this.#disk.begin("sync", this.path);
    this.#file.dataSyncNow();
  }

  close(): void {
    this.#file.close();
    this.#disk.closed();
  }

  async discard(): Promise<void> {
    this.#disk.closed();
    await this.#file.discard();
  }
}
