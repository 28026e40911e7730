import type { Prng } from "../base/prng.ts";
import { DISK_LIMITS } from "./limits.ts";

const SECTOR_BYTES = DISK_LIMITS.sectorBytes;

/** Files are mostly holes or mostly full, so the unit of storage may be larger than a sector. */
const PAGE_BYTES = 8 * SECTOR_BYTES;

/** What is left of unsynced changes after a loss of power: nothing, all, or each by its own luck. */
export type CrashMode = "lost" | "kept" | "torn";

/** A value that was current until the change with the number `replacedAt`. */
interface OldValue<T> {
  readonly value: T;
  readonly replacedAt: number;
}

/**
 * The bytes of one file in memory, holes left out, together with every earlier state of each sector
 * and of the size since the last sync. After a crash a disk may hold any of these states, for each
 * sector another one.
 */
export class MemoryFileContent {
  readonly #tracksUnsynced: boolean;
  readonly #pages = new Map<number, Uint8Array>();
  #sizeBytes = 0;
  #changeCount = 0;
  readonly #oldSectors = new Map<number, OldValue<Uint8Array>[]>();
  #oldSizes: OldValue<number>[] = [];

  constructor(tracksUnsynced: boolean) {
    this.#tracksUnsynced = tracksUnsynced;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  read(target: Uint8Array, start: number, end: number, position: number): number {
    const count = Math.max(0, Math.min(end - start, this.#sizeBytes - position));
    for (let done = 0; done < count;) {
      const offset = (position + done) % PAGE_BYTES;
      const length = Math.min(count - done, PAGE_BYTES - offset);
      const page = this.#pages.get((position + done - offset) / PAGE_BYTES);
      if (page === undefined) target.fill(0, start + done, start + done + length);
      else target.set(page.subarray(offset, offset + length), start + done);
      done += length;
    }
    return count;
  }

  write(bytes: Uint8Array, start: number, end: number, position: number): void {
    if (end <= start) return;
    this.#changeCount++;
    if (position + end - start > this.#sizeBytes) this.#setSize(position + end - start);
    for (let done = start; done < end;) {
      const at = position + done - start;
      const length = Math.min(end - done, SECTOR_BYTES - at % SECTOR_BYTES);
      this.#changeSector(Math.floor(at / SECTOR_BYTES)).set(
        bytes.subarray(done, done + length),
        at % SECTOR_BYTES,
      );
      done += length;
    }
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes === this.#sizeBytes) return;
    this.#changeCount++;
    for (const page of this.#pages.keys()) {
      if ((page + 1) * PAGE_BYTES > sizeBytes) this.#clearPage(page, sizeBytes);
      if (page * PAGE_BYTES >= sizeBytes) this.#pages.delete(page);
    }
    this.#setSize(sizeBytes);
  }

  /** The number of the last change, for `synced`. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** All changes up to the given one are on the disk; states from before them cannot come back. */
  synced(changeCount: number): void {
    for (const [sector, values] of this.#oldSectors) {
      const rest = values.filter((old) => old.replacedAt > changeCount);
      if (rest.length === 0) this.#oldSectors.delete(sector);
      else this.#oldSectors.set(sector, rest);
    }
    this.#oldSizes = this.#oldSizes.filter((old) => old.replacedAt > changeCount);
  }

  /** What the disk holds if the power goes now. */
  afterCrash(prng: Prng, mode: CrashMode): MemoryFileContent {
    const after = new MemoryFileContent(this.#tracksUnsynced);
    after.#sizeBytes = survivor(this.#oldSizes, this.#sizeBytes, prng, mode);
    for (const [page, bytes] of this.#pages) after.#pages.set(page, bytes.slice());
    for (const [sector, values] of this.#oldSectors) {
      const current = this.#sectorBytes(sector);
      after.#sector(sector).set(survivor(values, current, prng, mode));
    }
    after.#clearBehindEnd();
    return after;
  }

  /** A smaller file must not show old bytes when it grows again. */
  #clearBehindEnd(): void {
    for (const [page, bytes] of this.#pages) {
      bytes.fill(0, Math.max(0, Math.min(PAGE_BYTES, this.#sizeBytes - page * PAGE_BYTES)));
    }
  }

  #setSize(sizeBytes: number): void {
    if (this.#tracksUnsynced) {
      this.#oldSizes.push({ value: this.#sizeBytes, replacedAt: this.#changeCount });
    }
    this.#sizeBytes = sizeBytes;
  }

  /** Zeros what lies at or behind `sizeBytes`. */
  #clearPage(page: number, sizeBytes: number): void {
    const first = page * PAGE_BYTES / SECTOR_BYTES;
    for (let sector = first; sector < first + PAGE_BYTES / SECTOR_BYTES; sector++) {
      const keep = Math.max(0, sizeBytes - sector * SECTOR_BYTES);
      if (keep < SECTOR_BYTES) this.#changeSector(sector).fill(0, keep);
    }
  }

  /** The sector's bytes, to be changed; their present state is remembered. */
  #changeSector(sector: number): Uint8Array {
    const bytes = this.#sector(sector);
    if (!this.#tracksUnsynced) return bytes;
    let values = this.#oldSectors.get(sector);
    if (values === undefined) {
      values = [];
      this.#oldSectors.set(sector, values);
    }
    values.push({ value: bytes.slice(), replacedAt: this.#changeCount });
    return bytes;
  }

  /** A view of the sector's bytes; makes its page if it is a hole. */
  #sector(sector: number): Uint8Array {
    const offset = sector * SECTOR_BYTES % PAGE_BYTES;
    const number = (sector * SECTOR_BYTES - offset) / PAGE_BYTES;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BYTES);
      this.#pages.set(number, page);
    }
    return page.subarray(offset, offset + SECTOR_BYTES);
  }

  #sectorBytes(sector: number): Uint8Array {
    return this.#sector(sector).slice();
  }
}

function survivor<T>(old: readonly OldValue<T>[], current: T, prng: Prng, mode: CrashMode): T {
  if (old.length === 0 || mode === "kept") return current;
  if (mode === "lost") return old[0].value;
  const choice = prng.between(0, old.length);
  return choice === old.length ? current : old[choice].value;
}
