import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { BTreeFile, type BTreeOptions } from "../../disk/btree/btree_file.ts";
import type { YieldTurn } from "../../disk/btree/turn_budget.ts";
import { FilePairs } from "../../disk/backend/file_pairs.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import { turnsWhileStarting, yieldTurn } from "../turns.ts";
import { BackendDurations } from "./backend_durations.ts";

/** Where the B-tree file lies. */
export interface BackendPlace {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** The directory for files that are to replace it. */
  readonly directory: string;
  readonly unsafeNoSync: boolean;
  /** For tests that plant a defect there. */
  readonly newAllocator: BTreeOptions["newAllocator"];
  /** Lets a finished file take the place of the B-tree file. */
  replace(path: string): Promise<void>;
}

/** The B-tree file of a running member, and the reader of pairs that are not in memory. */
export class BackendFiles {
  readonly pairs: FilePairs;
  readonly durations: BackendDurations;
  readonly #place: BackendPlace;
  readonly #clock: Clock;
  #file: BTreeFile;
  /** Files that were replaced and may still be read. */
  readonly #retirements = new Set<Promise<void>>();
  #replacementCount = 0;
  #isOutdated = false;

  private constructor(
    place: BackendPlace,
    clock: Clock,
    durations: BackendDurations,
    file: BTreeFile,
  ) {
    this.durations = durations;
    this.#place = place;
    this.#clock = clock;
    this.#file = file;
    this.pairs = new FilePairs(file);
  }

  /** Opens the file, which is made if it is missing. */
  static async open(place: BackendPlace, clock: Clock): Promise<BackendFiles> {
    const durations = new BackendDurations();
    const file = await openFile(place, clock, durations, turnsWhileStarting(clock));
    return new BackendFiles(place, clock, durations, file);
  }

  get file(): BTreeFile {
    return this.#file;
  }

  get fileSystem(): FileSystem {
    return this.#place.fileSystem;
  }

  /** A path for a file that is to replace the present one; nothing is there. */
  newReplacementPath(): string {
    return join(this.#place.directory, `db.tmp.${++this.#replacementCount}`);
  }

  /**
   * Whether another file has the place of the present one, which must not be written any more: the
   * next start would know nothing of it.
   */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /**
   * Goes on with the finished file at `path`. Who still reads the one before may go on reading. If
   * this fails, `isOutdated` tells whether the one before can still be used.
   */
  async replaceBy(path: string): Promise<void> {
    try {
      await this.#place.replace(path);
    } catch (error) {
      this.#isOutdated = this.fileSystem.stat(path) === undefined;
      throw error;
    }
    this.#isOutdated = true;
    const before = this.#file;
    const clock = this.#clock;
    this.#file = await openFile(this.#place, clock, this.durations, () => yieldTurn(clock));
    this.#isOutdated = false;
    this.pairs.switchTo(this.#file);
    this.#retire(before);
  }

  /** Closes the file. Unless it failed, nobody may be reading or writing it. */
  async close(): Promise<void> {
    this.pairs.close();
    await Promise.all(this.#retirements);
    await this.#file.close();
  }

  #retire(file: BTreeFile): void {
    const retirement = file.retire().then(() => {
      this.#retirements.delete(retirement);
    });
    this.#retirements.add(retirement);
  }
}

/** Opening means looking at all pages; `yieldOpening` comes between. */
async function openFile(
  place: BackendPlace,
  clock: Clock,
  durations: BackendDurations,
  yieldOpening: YieldTurn,
): Promise<BTreeFile> {
  const { fileSystem, path, unsafeNoSync, newAllocator } = place;
  let yieldNext = yieldOpening;
  const file = await BTreeFile.open(fileSystem, path, {
    clock,
    yieldTurn: () => yieldNext(),
    unsafeNoSync,
    newAllocator,
    onCommit: durations.committed,
  });
  yieldNext = () => yieldTurn(clock);
  return file;
}
