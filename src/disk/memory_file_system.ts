import type { Prng } from "../base/prng.ts";
import type { DiskFile, FileInfo, FileLock, FileSystem, OpenMode } from "./file_system.ts";
import { DISK_LIMITS } from "./limits.ts";
import { MemoryDirectory, type MemoryNode } from "./memory_directory.ts";
import { type CrashMode, MemoryFileContent } from "./memory_file_content.ts";
import { simulatedError, SimulatedHardware } from "./simulated_hardware.ts";

/** What a MemoryFileSystem can be told. */
export interface MemoryFileSystemOptions {
  /**
   * Remember what was not synced, so that `afterCrash` works. Costs a copy of every sector written;
   * off where memory is the only place the data is meant to be.
   */
  readonly tracksUnsynced?: boolean;
  /** Decides when an asynchronous sync is done; by default in the next microtask. */
  readonly completeSync?: (complete: () => void) => void;
}

/** A disk in memory, which can lose its power and fail like a real one. */
export class MemoryFileSystem implements FileSystem {
  /** Where crashes and faults are ordered. */
  readonly hardware: SimulatedHardware;
  readonly #options: MemoryFileSystemOptions;
  readonly #tracksUnsynced: boolean;
  readonly #locked = new Set<MemoryNode>();
  #root: MemoryDirectory;

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#options = options;
    this.#tracksUnsynced = options.tracksUnsynced ?? true;
    this.#root = new MemoryDirectory(this.#tracksUnsynced);
    this.hardware = new SimulatedHardware(options.completeSync ?? queueMicrotask);
  }

  /** A new file system with what this one's disk would hold if the power went now. */
  afterCrash(prng: Prng, mode: CrashMode): MemoryFileSystem {
    const after = new MemoryFileSystem(this.#options);
    after.#root = this.#root.afterCrash(prng, mode);
    return after;
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.hardware.checkPower();
    const { directory, name } = this.#parent("open", path);
    let node = directory.get(name);
    if (node instanceof MemoryDirectory) throw simulatedError("open", path, "EISDIR");
    if (node === undefined) {
      if (mode === "read" || mode === "write") throw simulatedError("open", path, "ENOENT");
      this.hardware.start("create", path);
      node = new MemoryFileContent(this.#tracksUnsynced);
      directory.add(name, node);
    } else if (mode === "createNew") {
      throw simulatedError("open", path, "EEXIST");
    }
    return new MemoryDiskFile(path, node, mode !== "read", this.hardware);
  }

  rename(from: string, to: string): void {
    this.hardware.start("rename", to);
    const source = this.#parent("rename", from);
    const target = this.#parent("rename", to);
    if (source.directory !== target.directory) throw simulatedError("rename", to, "EXDEV");
    if (source.directory.get(source.name) === undefined) {
      throw simulatedError("rename", from, "ENOENT");
    }
    const replaced = target.directory.get(target.name);
    if (replaced instanceof MemoryDirectory && replaced.names().length > 0) {
      throw simulatedError("rename", to, "ENOTEMPTY");
    }
    source.directory.rename(source.name, target.name);
  }

  remove(path: string): void {
    this.hardware.start(undefined, path);
    const { directory, name } = this.#parent("remove", path);
    const node = directory.get(name);
    if (node === undefined) throw simulatedError("remove", path, "ENOENT");
    if (node instanceof MemoryDirectory) throw simulatedError("remove", path, "EISDIR");
    directory.remove(name);
  }

  removeTree(path: string): void {
    this.hardware.start(undefined, path);
    const { directory, name } = this.#parent("remove", path);
    const node = directory.get(name);
    if (node === undefined) return;
    if (node instanceof MemoryDirectory) {
      for (const child of node.names()) this.removeTree(`${path}/${child}`);
    }
    directory.remove(name);
  }

  makeDirectory(path: string): void {
    this.hardware.start("create", path);
    const { directory, name } = this.#parent("make the directory", path);
    if (directory.get(name) !== undefined) {
      throw simulatedError("make the directory", path, "EEXIST");
    }
    directory.add(name, new MemoryDirectory(this.#tracksUnsynced));
  }

  readDirectory(path: string): string[] {
    this.hardware.checkPower();
    return this.#directory("list", path).names();
  }

  stat(path: string): FileInfo | undefined {
    this.hardware.checkPower();
    const node = this.#find(path);
    if (node === undefined) return undefined;
    if (node instanceof MemoryDirectory) return { sizeBytes: 0, isDirectory: true, mode: 0o700 };
    return { sizeBytes: node.sizeBytes, isDirectory: false, mode: 0o600 };
  }

  syncDirectory(path: string): Promise<void> {
    return this.hardware.syncLater(path, this.#directory("sync the directory", path));
  }

  syncDirectoryNow(path: string): void {
    this.hardware.syncNow(path, this.#directory("sync the directory", path));
  }

  tryLock(path: string): FileLock | undefined {
    this.open(path, "create").close();
    const node = this.#find(path);
    if (node === undefined || this.#locked.has(node)) return undefined;
    this.#locked.add(node);
    return { release: () => void this.#locked.delete(node) };
  }

  #find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root;
    for (const part of partsOf(path)) {
      if (!(node instanceof MemoryDirectory)) return undefined;
      node = node.get(part);
    }
    return node;
  }

  #directory(operation: string, path: string): MemoryDirectory {
    const node = this.#find(path);
    if (node === undefined) throw simulatedError(operation, path, "ENOENT");
    if (!(node instanceof MemoryDirectory)) throw simulatedError(operation, path, "ENOTDIR");
    return node;
  }

  #parent(operation: string, path: string): { directory: MemoryDirectory; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw simulatedError(operation, path, "EISDIR");
    return { directory: this.#directory(operation, parts.join("/")), name };
  }
}

class MemoryDiskFile implements DiskFile {
  path: string;
  readonly #content: MemoryFileContent;
  readonly #writable: boolean;
  readonly #hardware: SimulatedHardware;
  #open = true;

  constructor(
    path: string,
    content: MemoryFileContent,
    writable: boolean,
    hardware: SimulatedHardware,
  ) {
    this.path = path;
    this.#content = content;
    this.#writable = writable;
    this.#hardware = hardware;
  }

  readAt(target: Uint8Array, start: number, end: number, position: number): number {
    this.#check("read", true);
    this.#hardware.throwFault("read", this.path);
    return this.#content.read(target, start, end, position);
  }

  writeAt(bytes: Uint8Array, start: number, end: number, position: number): void {
    this.#check("write", this.#writable);
    try {
      this.#hardware.start("write", this.path);
    } catch (error) {
      // A disk that becomes full, or loses its power, has often taken a part; no half sectors.
      const half = position + (end - start) / 2;
      const taken = half - half % DISK_LIMITS.sectorBytes - position;
      this.#content.write(bytes, start, start + taken, position);
      throw error;
    }
    this.#content.write(bytes, start, end, position);
  }

  truncate(sizeBytes: number): void {
    this.#check("set the size of", this.#writable);
    this.#hardware.start("truncate", this.path);
    this.#content.truncate(sizeBytes);
  }

  size(): number {
    this.#check("look at", true);
    return this.#content.sizeBytes;
  }

  dataSync(): Promise<void> {
    this.#check("sync", true);
    return this.#hardware.syncLater(this.path, this.#content);
  }

  dataSyncNow(): void {
    this.#check("sync", true);
    this.#hardware.syncNow(this.path, this.#content);
  }

  discard(): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  close(): void {
    if (!this.#open) throw simulatedError("close", this.path, "EBADF");
    this.#open = false;
  }

  #check(operation: string, allowed: boolean): void {
    this.#hardware.checkPower();
    if (!this.#open || !allowed) throw simulatedError(operation, this.path, "EBADF");
  }
}

/** The names on the way to a path; "." and the root need none. */
function partsOf(path: string): string[] {
  return path.split(/[\\/]+/).filter((part) => part !== "" && part !== ".");
}
