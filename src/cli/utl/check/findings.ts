import { DiskError, DiskErrorCode } from "../../../disk/disk_error.ts";
import { CLI_LIMITS } from "../../limits.ts";

/** Something that is wrong. */
export interface Finding {
  readonly path: string;
  /** The byte of the file where it was found, if that is one place. */
  readonly offset: number | undefined;
  readonly what: string;
}

/** Collects what is wrong, and what is worth knowing though it is not. */
export class Findings {
  readonly list: Finding[] = [];
  readonly notes: string[] = [];

  add(path: string, offset: number | undefined, what: string): void {
    if (this.list.length < CLI_LIMITS.findings) this.list.push({ path, offset, what });
  }

  /** Adds what an error says. Throws an error that is not about the content of files again. */
  addError(error: unknown): void {
    if (!(error instanceof DiskError) || !isAboutContent(error)) throw error;
    this.add(error.path, error.offset, error.what);
  }

  /** Does a part of the check; undefined if it came to an end at something that is wrong. */
  async attempt<T>(part: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await part();
    } catch (error) {
      this.addError(error);
      return undefined;
    }
  }
}

function isAboutContent({ code }: DiskError): boolean {
  return code === DiskErrorCode.CORRUPT || code === DiskErrorCode.MISMATCH ||
    code === DiskErrorCode.CONFLICT;
}
