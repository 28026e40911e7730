import { goQuote } from "../../base/go_quote.ts";
import { DiskError, DiskErrorCode } from "../../disk/disk_error.ts";
import type { FileLock } from "../../disk/file_system.ts";
import { CLI_LIMITS } from "../limits.ts";
import type { UtlContext } from "./context.ts";

/**
 * Locks a member's B-tree file, which must be there, against all servers. Whoever waits longer than
 * a moment is told so, with what to do instead; gives up after `--timeout`, if there is one.
 */
export async function lockDatabase(
  context: UtlContext,
  dbPath: string,
  instead: string,
): Promise<FileLock> {
  const { clock, fileSystem } = context.io;
  const timeoutMs = context.flags.durationMs("timeout");
  const startMs = clock.monotonicMs();
  let isTold = false;
  for (;;) {
    const lock = fileSystem.tryLock(dbPath);
    if (lock !== undefined) return lock;
    const waitedMs = clock.monotonicMs() - startMs;
    if (timeoutMs > 0 && waitedMs >= timeoutMs) throw locked(dbPath, instead);
    if (!isTold && waitedMs >= CLI_LIMITS.lockNoticeMs) {
      isTold = true;
      const path = goQuote(dbPath);
      context.note(`waiting for etcd to close and release its lock on ${path}. ${instead}`);
    }
    await new Promise<void>((resolve) => clock.setTimer(CLI_LIMITS.lockRetryMs, resolve));
  }
}

function locked(path: string, instead: string): DiskError {
  return new DiskError({
    operation: "lock",
    path,
    code: DiskErrorCode.LOCKED,
    what: "a server is running on it",
    advice: instead.replace(/\.$/, ""),
  });
}
