import type { OpenedMember } from "../bootstrap/opened_member.ts";
import type { ServerConfig } from "../server_config.ts";
import { Backend } from "./backend.ts";
import { RaftSnapshots } from "./raft_snapshots.ts";
import { type AppliedPosition, StateCuts } from "./state_cuts.ts";

/** What the backend asks of the server around it. */
interface BackendHost {
  /** How far the log is applied; asked between two entries only. */
  position(): AppliedPosition;
  /** The file can be trusted no more: the member must stop. */
  failed(error: unknown): void;
}

/** Makes the backend of a member that was opened. */
export function newBackend(
  config: ServerConfig,
  { files, snapshots, storage, state, raftStart }: OpenedMember,
  host: BackendHost,
): { backend: Backend; snapshots: RaftSnapshots | undefined } {
  const { clock } = config;
  const raftSnapshots = snapshots && new RaftSnapshots({
    fileSystem: files.fileSystem,
    directory: snapshots.directory,
    storage,
    config: config.backend,
    durations: files.durations,
    clock,
  }, snapshots.lastIndex);
  const backend = new Backend({
    files,
    store: state.store,
    cuts: new StateCuts(state, config.compatVersion),
    snapshots: raftSnapshots,
    config: config.backend,
    durations: files.durations,
    clock,
    position: () => host.position(),
    failed: (error) => host.failed(error),
  }, raftStart.appliedIndex);
  return { backend, snapshots: raftSnapshots };
}
