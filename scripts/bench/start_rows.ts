import { ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { LeanConnection } from "./lean_connection.ts";
import { residentBytes } from "./process_figures.ts";
import { currentRevision } from "./request_rows.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 2;
/** Long enough for both sides to be done with what they do once at start. */
const SETTLE_MS = 2_000;

/** What a fresh server shows before it has any load. */
interface StartFigures {
  readonly firstRequestMs: number;
  readonly idleResidentMegabytes: number;
}

/** From the start of the process on an empty folder to the first linearizable read answered. */
export async function measureStart(target: TargetName): Promise<StartFigures> {
  const server = await ServerProcess.start(target, { withoutWaiting: true });
  try {
    const start = performance.now();
    await untilListening(server.clientPort);
    await currentRevision(server.clientPort);
    const firstRequestMs = performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return { firstRequestMs, idleResidentMegabytes: residentBytes(server.pid) / 1e6 };
  } finally {
    await server.dispose();
  }
}

/** Returns as soon as somebody accepts connections. */
export async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    try {
      await (await LeanConnection.open(port)).close();
      return;
    } catch {
      // Nobody listens yet.
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }
  throw new Error(`nobody listened on port ${port} within ${START_TIMEOUT_MS} ms`);
}
