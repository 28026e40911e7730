import { dirname, join } from "node:path";
import { goQuote } from "../../../base/go_quote.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { makeDirectories } from "../../../disk/make_directories.ts";

/** What no server takes for its own, and the next attempt may remove. */
const UNFINISHED = ".restoring";

/**
 * A member's directories that are built beside the place where they belong and put there, by
 * renaming them, when they are complete and on the disk. So nothing half-made passes for a member's
 * data, whenever the machine stops.
 */
export class Staging {
  readonly #fileSystem: FileSystem;
  readonly #dataDir: string;
  readonly #walDir: string | undefined;
  readonly #member: string;

  private constructor(fileSystem: FileSystem, dataDir: string, walDir: string | undefined) {
    this.#fileSystem = fileSystem;
    this.#dataDir = dataDir;
    this.#walDir = walDir;
    this.#member = join(dataDir, `member${UNFINISHED}`);
  }

  /** Throws, in etcdutl's words, if something is where the data is to be. */
  static begin(fileSystem: FileSystem, dataDir: string, walDir: string | undefined): Staging {
    const staging = new Staging(fileSystem, dataDir, walDir);
    staging.#refuseUsed();
    staging.discard();
    makeDirectories(fileSystem, dataDir);
    if (walDir !== undefined) makeDirectories(fileSystem, dirname(walDir));
    fileSystem.makeDirectory(staging.#member);
    fileSystem.makeDirectory(staging.snapPath);
    return staging;
  }

  /** Where the B-tree file and the snapshot are built. */
  get snapPath(): string {
    return join(this.#member, "snap");
  }

  /** Where the log is built; nothing is there yet. */
  get walPath(): string {
    return this.#walDir === undefined ? join(this.#member, "wal") : `${this.#walDir}${UNFINISHED}`;
  }

  /**
   * Puts everything into its place; if that fails, takes it back. The directories that were filled
   * must be on the disk.
   */
  async publish(): Promise<void> {
    await this.#fileSystem.syncDirectory(this.#member);
    const moves = [{ from: this.#member, to: join(this.#dataDir, "member") }];
    // Last, because a log without its data would look like that of an empty member.
    if (this.#walDir !== undefined) moves.push({ from: this.walPath, to: this.#walDir });
    const done: Move[] = [];
    try {
      for (const move of moves) {
        this.#fileSystem.rename(move.from, move.to);
        done.push(move);
        await this.#fileSystem.syncDirectory(dirname(move.to));
      }
    } catch (error) {
      for (const { from, to } of done.reverse()) this.#fileSystem.rename(to, from);
      throw error;
    }
  }

  /** Removes what this attempt, or one before, has left behind. */
  discard(): void {
    const unfinished = [this.#member];
    if (this.#walDir !== undefined) unfinished.push(this.walPath, `${this.walPath}.tmp`);
    for (const path of unfinished) {
      if (this.#fileSystem.stat(path) !== undefined) this.#fileSystem.removeTree(path);
    }
  }

  #refuseUsed(): void {
    const fileSystem = this.#fileSystem;
    const info = fileSystem.stat(this.#dataDir);
    const isUsed = info !== undefined && (!info.isDirectory ||
      fileSystem.readDirectory(this.#dataDir).some((name) => name !== `member${UNFINISHED}`));
    if (isUsed) {
      throw new Error(
        `data-dir ${goQuote(this.#dataDir)} not empty or could not be read. Choose another ` +
          "--data-dir, or remove what is in this one",
      );
    }
    if (this.#walDir !== undefined && fileSystem.stat(this.#walDir) !== undefined) {
      throw new Error(`wal-dir ${goQuote(this.#walDir)} exists`);
    }
  }
}

/** A directory that gets another name. */
interface Move {
  readonly from: string;
  readonly to: string;
}
