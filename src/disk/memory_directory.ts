import type { Prng } from "../base/prng.ts";
import { type CrashMode, MemoryFileContent } from "./memory_file_content.ts";

/** What a name in a directory stands for. */
export type MemoryNode = MemoryFileContent | MemoryDirectory;

/** A change of names. Without `added` it is a removal, without `removed` a creation, with both a rename. */
interface NameChange {
  readonly number: number;
  readonly removed: string | undefined;
  readonly added: string | undefined;
  readonly node: MemoryNode | undefined;
}

/** The names in one directory: as they are, and as the last sync left them on the disk. */
export class MemoryDirectory {
  readonly #tracksUnsynced: boolean;
  readonly #names = new Map<string, MemoryNode>();
  readonly #synced = new Map<string, MemoryNode>();
  #unsynced: NameChange[] = [];
  #changeCount = 0;

  constructor(tracksUnsynced: boolean) {
    this.#tracksUnsynced = tracksUnsynced;
  }

  get(name: string): MemoryNode | undefined {
    return this.#names.get(name);
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  add(name: string, node: MemoryNode): void {
    this.#change(undefined, name, node);
  }

  remove(name: string): void {
    this.#change(name, undefined, undefined);
  }

  rename(from: string, to: string): void {
    this.#change(from, to, this.#names.get(from));
  }

  /** The number of the last change, for `synced`. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** All changes up to the given one are on the disk. */
  synced(changeCount: number): void {
    const later: NameChange[] = [];
    for (const change of this.#unsynced) {
      if (change.number > changeCount) later.push(change);
      else apply(change, this.#synced);
    }
    this.#unsynced = later;
  }

  /** What the disk holds if the power goes now, with everything below. */
  afterCrash(prng: Prng, mode: CrashMode): MemoryDirectory {
    const after = new MemoryDirectory(this.#tracksUnsynced);
    for (const [name, node] of this.#survivors(prng, mode)) {
      const survivor = node.afterCrash(prng, mode);
      after.#names.set(name, survivor);
      if (this.#tracksUnsynced) after.#synced.set(name, survivor);
    }
    return after;
  }

  /**
   * Without a sync nothing orders the changes of different names, so each is kept or lost by its own
   * luck; only one that builds on a lost one (the same name again) is lost with it.
   */
  #survivors(prng: Prng, mode: CrashMode): Map<string, MemoryNode> {
    if (!this.#tracksUnsynced || mode === "kept") return this.#names;
    const names = new Map(this.#synced);
    if (mode === "lost") return names;
    const lost = new Set<string | undefined>();
    for (const change of this.#unsynced) {
      const buildsOnLost = (change.removed !== undefined && lost.has(change.removed)) ||
        (change.added !== undefined && lost.has(change.added));
      if (!buildsOnLost && prng.chance(0.5)) apply(change, names);
      else lost.add(change.removed).add(change.added);
    }
    return names;
  }

  #change(removed: string | undefined, added: string | undefined, node?: MemoryNode): void {
    this.#changeCount++;
    const change = { number: this.#changeCount, removed, added, node };
    apply(change, this.#names);
    if (this.#tracksUnsynced) this.#unsynced.push(change);
  }
}

function apply(change: NameChange, names: Map<string, MemoryNode>): void {
  if (change.removed !== undefined) names.delete(change.removed);
  if (change.added !== undefined && change.node !== undefined) names.set(change.added, change.node);
}
