import { messageOf } from "../base/error_message.ts";

/** What this room itself finds wrong; the operating system's codes (ENOSPC, EIO, ...) stand beside them. */
export const DiskErrorCode = {
  /** Bytes that neither we nor a torn write can have left behind. */
  CORRUPT: "CORRUPT",
  /** Another process uses the directory. */
  LOCKED: "LOCKED",
  /** Segments, members' identities or snapshots do not belong together. */
  MISMATCH: "MISMATCH",
  /** Something is there that must not be, or the other way round. */
  CONFLICT: "CONFLICT",
  /** Deno was started without the permission. */
  NOT_PERMITTED: "NOT_PERMITTED",
  /** The system gave no code. */
  UNKNOWN: "UNKNOWN",
} as const;

/** What to do about the errors that users meet. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "The disk is full: make room, then start again"],
  ["EDQUOT", "The disk quota is used up: make room, then start again"],
  ["EIO", "The disk reports a fault: check it before starting again"],
  ["EROFS", "The file system is read-only: mount it writable or choose another directory"],
  ["EACCES", "Give the user of this process permission to read and write there"],
  ["EPERM", "Give the user of this process permission to read and write there"],
  ["EMFILE", "Too many files are open: raise the limit (ulimit -n)"],
  ["ENFILE", "Too many files are open in the whole system: raise its limit"],
  ["ENOLCK", "The file system has no locks: choose a directory on a local disk"],
  [
    DiskErrorCode.NOT_PERMITTED,
    "Start deno with --allow-read and --allow-write for this path",
  ],
]);

/** The parts of a DiskError. */
export interface DiskErrorParts {
  /** A verb, with its object where the path does not say enough: "write", "read the entry in". */
  readonly operation: string;
  /** The file or directory that it was done to. */
  readonly path: string;
  /** The system's code, such as ENOSPC, or one of detcd's own. */
  readonly code: string;
  /** What happened; no capital, no full stop. */
  readonly what: string;
  /** What to do; by default what is known for the code. */
  readonly advice?: string;
  /** The byte of the file where it happened. */
  readonly offset?: number;
  /** The error of the system. */
  readonly cause?: unknown;
}

/** Every failure of a disk; its message says what happened, where, and what to do. */
export class DiskError extends Error {
  /** The name of the class. */
  override name = "DiskError";
  /** What was being done, a verb. */
  readonly operation: string;
  /** The file or directory that it was done to. */
  readonly path: string;
  /** The system's code, such as ENOSPC, or one of detcd's own. */
  readonly code: string;
  /** What happened, without where and what to do. */
  readonly what: string;
  /** The byte of the file where it happened, if that is known. */
  readonly offset: number | undefined;

  /** Makes the error and its message from their parts. */
  constructor(parts: DiskErrorParts) {
    const place = parts.offset === undefined ? "" : ` at byte ${parts.offset}`;
    const advice = parts.advice ?? ADVICE.get(parts.code);
    super(
      `Cannot ${parts.operation} ${parts.path}${place}: ${parts.what}` +
        (advice === undefined ? "" : `. ${advice}`),
      parts.cause === undefined ? undefined : { cause: parts.cause },
    );
    this.operation = parts.operation;
    this.path = parts.path;
    this.code = parts.code;
    this.what = parts.what;
    this.offset = parts.offset;
  }
}

/** The DiskError for what a call of the operating system threw. */
export function diskErrorFrom(operation: string, path: string, cause: unknown): DiskError {
  if (cause instanceof DiskError) return cause;
  const code = codeOf(cause);
  const what = messageOf(cause);
  return new DiskError({ operation, path, code, what, cause });
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return DiskErrorCode.UNKNOWN;
  if (cause.name === "NotCapable") return DiskErrorCode.NOT_PERMITTED;
  const code = "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : DiskErrorCode.UNKNOWN;
}
