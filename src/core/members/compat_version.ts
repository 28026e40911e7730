/** The release that detcd answers as, for each line of etcd that it can pass for. */
const RELEASES: ReadonlyMap<string, string> = new Map([
  ["3.4", "3.4.23"],
  ["3.5", "3.5.21"],
  ["3.6", "3.6.14"],
  ["3.7", "3.7.1"],
]);

/** The first 3.x whose B-tree file says which form it has. */
const FIRST_MINOR_WITH_STORAGE_VERSION = 6;

/** The minor number of a version of etcd 3 such as `3.7.0`; undefined for anything else. */
export function minorOf(version: string): number | undefined {
  const match = /^3\.(\d+)\.\d+/.exec(version);
  return match === null ? undefined : Number(match[1]);
}

/**
 * The line of etcd releases, such as 3.7, that a member presents to clients and writes its files
 * for.
 */
export class CompatVersion {
  static readonly newest: CompatVersion = new CompatVersion("3.7");

  /** Major and minor number, such as `3.7`. */
  readonly line: string;
  /** The minor number alone. */
  readonly minor: number;
  /** The full version that clients are told, such as `3.7.1`. */
  readonly release: string;

  private constructor(line: string) {
    this.line = line;
    this.minor = Number(line.split(".")[1]);
    this.release = RELEASES.get(line) ?? `${line}.0`;
  }

  /** All lines that a member can be told to present, oldest first. */
  static lines(): string[] {
    return [...RELEASES.keys()];
  }

  /** Undefined for a line that is not known. */
  static of(line: string): CompatVersion | undefined {
    return RELEASES.has(line) ? new CompatVersion(line) : undefined;
  }

  /** The version that a cluster of such members agrees on. */
  get clusterVersion(): string {
    return `${this.line}.0`;
  }

  /** What the B-tree file says of its own form; before 3.6 it said nothing. */
  get storageVersion(): string | undefined {
    return this.minor >= FIRST_MINOR_WITH_STORAGE_VERSION ? this.clusterVersion : undefined;
  }

  /**
   * What the B-tree file says of its own form while the cluster has that version, which is lower
   * than the member's own on the way to it.
   */
  storageVersionIn(clusterVersion: string): string | undefined {
    const minor = minorOf(clusterVersion);
    if (this.storageVersion === undefined || minor === undefined) return undefined;
    return minor >= FIRST_MINOR_WITH_STORAGE_VERSION ? `3.${minor}.0` : undefined;
  }

  /** Whether members publish themselves by requests of the v3 API, as from 3.6 on. */
  get publishesByV3(): boolean {
    return this.minor >= 6;
  }

  /**
   * Whether a member of this line runs in a cluster of that version. An etcd that meets a higher
   * one ends at once; what is not a version is none that it runs in.
   */
  runsIn(clusterVersion: string): boolean {
    const match = /^(\d+)\.(\d+)\.\d+/.exec(clusterVersion);
    if (match === null) return false;
    const [major, minor] = [Number(match[1]), Number(match[2])];
    return major < 3 || (major === 3 && minor <= this.minor);
  }
}
