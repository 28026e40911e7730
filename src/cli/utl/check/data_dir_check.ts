import { join } from "node:path";
import type { StoredState } from "../../../disk/backend/stored_state.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import { listWalSegments } from "../../../disk/wal_segment.ts";
import type { UtlContext } from "../context.ts";
import { databasePathIn } from "../database.ts";
import { checkDatabase } from "./database_check.ts";
import type { Findings } from "./findings.ts";
import { checkLog, type LogSummary } from "./log_check.ts";
import { checkSnapFiles } from "./snap_files_check.ts";

/** Where the parts of a member are. */
export interface MemberPaths {
  readonly db: string;
  readonly snap: string;
  readonly wal: string;
}

export function memberPaths(dataDir: string, walDir: string): MemberPaths {
  const member = join(dataDir, "member");
  return {
    db: databasePathIn(dataDir),
    snap: join(member, "snap"),
    wal: walDir === "" ? join(member, "wal") : walDir,
  };
}

/** Checks all files of a member, each for itself and whether they fit together. */
export async function checkMember(
  context: UtlContext,
  fileSystem: FileSystem,
  paths: MemberPaths,
  findings: Findings,
): Promise<void> {
  const log = await findings.attempt(() =>
    checkLog(fileSystem, paths.wal, listWalSegments(fileSystem, paths.wal), findings)
  );
  await checkSnapFiles(fileSystem, paths.snap, findings);
  const state = await checkDatabase(context, fileSystem, paths.db, findings);
  if (log !== undefined && state !== undefined) checkFit(paths, log, state, findings);
}

/** A server goes on from the file's last entry in the log. */
function checkFit(
  paths: MemberPaths,
  log: LogSummary,
  { consistentIndex, term }: StoredState,
  findings: Findings,
): void {
  const { firstIndex, lastIndex, hardState, snapshots } = log;
  if (consistentIndex > lastIndex) {
    findings.add(
      paths.db,
      undefined,
      `it has the effect of the log's entries up to ${consistentIndex}, but the log in ` +
        `${paths.wal} ends at ${lastIndex}`,
    );
  }
  if (term > hardState.term) {
    // etcd 3.4 does not know that there is a term when it restores a newer backup.
    findings.notes.push(
      `${paths.db}: it has the term ${term}, but the log in ${paths.wal} ends in ${hardState.term}`,
    );
  }
  const newest = snapshots.at(-1)?.index ?? 0;
  // 0 means that nothing was ever applied to it.
  if (consistentIndex > 0 && consistentIndex < newest) {
    findings.add(
      paths.db,
      undefined,
      `it has the effect of the log's entries up to ${consistentIndex}, but entries up to the ` +
        `snapshot at ${newest} may be gone from the log`,
    );
  }
  if (!snapshots.some(({ index }) => index >= firstIndex - 1 && index <= consistentIndex)) {
    const what = `the log begins with entry ${firstIndex}, and it records no snapshot from which ` +
      `one could go on to entry ${consistentIndex}`;
    findings.add(paths.wal, undefined, what);
  }
}
