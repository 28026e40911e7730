import { basename, dirname, extname, join } from "node:path";
import { settled } from "../../base/settled.ts";
import type { LogRotationConfig } from "./rotation_config.ts";

const MS_PER_DAY = 24 * 3_600_000;
const COMPRESSED = ".gz";

/** An old log file. */
interface Backup {
  readonly name: string;
  readonly timestampMs: number;
}

/**
 * A log file that is put aside under a name with the time when it is full, as etcd's logger does it:
 * `etcd.log` becomes `etcd-2026-01-02T15-04-05.000.log`. Old files are compressed and removed in the
 * background.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #config: LogRotationConfig;
  readonly #nowMs: () => number;
  /** Undefined when a new one could not be opened; the next line tries again. */
  #file: Deno.FsFile | undefined;
  #sizeBytes: number;
  #tidying: Promise<void> = Promise.resolve();

  /** Opens the file at once, so that a path that cannot be written is found out at the start. */
  constructor(path: string, config: LogRotationConfig, nowMs: () => number = Date.now) {
    this.#path = path;
    this.#config = config;
    this.#nowMs = nowMs;
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const file = openForAppending(path);
    this.#file = file;
    this.#sizeBytes = file.statSync().size;
    this.#tidy();
  }

  /** Throws when the bytes cannot be written, or are more than a whole file may have. */
  writeSync(bytes: Uint8Array): number {
    const { maxBytes } = this.#config;
    if (bytes.length > maxBytes) {
      throw new Error(`write length ${bytes.length} exceeds maximum file size ${maxBytes}`);
    }
    if (this.#sizeBytes + bytes.length > maxBytes) this.#rotate();
    this.#file ??= openForAppending(this.#path);
    const count = this.#file.writeSync(bytes);
    this.#sizeBytes += count;
    return count;
  }

  close(): void {
    this.#file?.close();
  }

  /** Resolves when old files have been compressed and removed. */
  tidied(): Promise<void> {
    return this.#tidying;
  }

  #rotate(): void {
    this.#file?.close();
    this.#file = undefined;
    try {
      Deno.renameSync(this.#path, this.#freeBackupPath());
      this.#sizeBytes = 0;
      this.#tidy();
    } catch {
      // Better a file that is too long than no log.
    }
  }

  /** Two files that are full within a millisecond must not take each other's name. */
  #freeBackupPath(): string {
    for (let timestampMs = this.#nowMs();; timestampMs++) {
      const path = join(dirname(this.#path), this.#backupName(timestampMs));
      if (!exists(path) && !exists(path + COMPRESSED)) return path;
    }
  }

  #backupName(timestampMs: number): string {
    const extension = extname(this.#path);
    const stem = basename(this.#path, extension);
    return `${stem}-${formatFileTime(timestampMs, this.#config.isLocalTime)}${extension}`;
  }

  /** One round after the other; what goes wrong with old files is no reason to lose new lines. */
  #tidy(): void {
    this.#tidying = this.#tidying.then(() => this.#tidyOnce()).catch(() => {});
  }

  async #tidyOnce(): Promise<void> {
    const { maxBackups, maxAgeDays, isCompressed } = this.#config;
    const oldestMs = maxAgeDays === 0 ? -Infinity : this.#nowMs() - maxAgeDays * MS_PER_DAY;
    const backups = await this.#backups();
    const isKept = (backup: Backup, i: number): boolean =>
      (maxBackups === 0 || i < maxBackups) && backup.timestampMs >= oldestMs;
    for (const [i, backup] of backups.entries()) {
      const path = join(dirname(this.#path), backup.name);
      // One that cannot be dealt with is no reason to keep the others.
      if (!isKept(backup, i)) await settled(Deno.remove(path));
      else if (isCompressed && !backup.name.endsWith(COMPRESSED)) await settled(compressFile(path));
    }
  }

  /** The newest first. */
  async #backups(): Promise<Backup[]> {
    const backups: Backup[] = [];
    for await (const { name, isFile } of Deno.readDir(dirname(this.#path))) {
      const timestampMs = isFile ? this.#timestampOf(name) : undefined;
      if (timestampMs !== undefined) backups.push({ name, timestampMs });
    }
    return backups.sort((a, b) => b.timestampMs - a.timestampMs);
  }

  #timestampOf(name: string): number | undefined {
    const extension = extname(this.#path);
    const plain = name.endsWith(COMPRESSED) ? name.slice(0, -COMPRESSED.length) : name;
    const prefix = `${basename(this.#path, extension)}-`;
    if (!plain.startsWith(prefix) || !plain.endsWith(extension)) return undefined;
    const end = plain.length - extension.length;
    return parseFileTime(plain.slice(prefix.length, end), this.#config.isLocalTime);
  }
}

/** A log may tell of keys and users, so only its owner reads it. */
function openForAppending(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** In pieces, so that a large file does not hold up the server. */
async function compressFile(path: string): Promise<void> {
  const target = path + COMPRESSED;
  using source = await Deno.open(path);
  using sink = await Deno.open(target, {
    write: true,
    create: true,
    truncate: true,
    mode: 0o600,
  });
  try {
    await source.readable.pipeThrough(new CompressionStream("gzip")).pipeTo(sink.writable);
  } catch (error) {
    await Deno.remove(target);
    throw error;
  }
  await Deno.remove(path);
}

/** A time as file names carry it: `2026-01-02T15-04-05.000`. */
function formatFileTime(timestampMs: number, isLocalTime: boolean): string {
  const offsetMs = isLocalTime ? new Date(timestampMs).getTimezoneOffset() * 60_000 : 0;
  return new Date(timestampMs - offsetMs).toISOString().slice(0, -1).replaceAll(":", "-");
}

function parseFileTime(text: string, isLocalTime: boolean): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  if (found === null) return undefined;
  const [, day, hours, minutes, seconds] = found;
  const timestampMs = Date.parse(`${day}T${hours}:${minutes}:${seconds}${isLocalTime ? "" : "Z"}`);
  return Number.isNaN(timestampMs) ? undefined : timestampMs;
}
