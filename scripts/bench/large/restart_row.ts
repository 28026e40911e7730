import type { ServerProcess } from "../../../tests/harness/server_process.ts";
import { LeanConnection } from "../lean_connection.ts";
import { RANGE_PATH } from "../paths.ts";
import { untilListening } from "../start_rows.ts";
import { encode, varintField } from "../wire.ts";
import type { LargeMeasurement, LargeRun } from "./large_run.ts";

const READ_TIMEOUT_MS = 120_000;
const RETRY_MS = 5;

/** A restart in order (SIGTERM); the clock runs from the start of the new process. */
export const RESTART_MEASUREMENT: LargeMeasurement = {
  rows: [{
    id: "restart",
    title: "restart to the first linearizable read",
    unit: "s",
    isRate: false,
    target: { timesEtcd: 0.4 },
  }],
  measure: async (run) => [await measureRestart(run)],
};

async function measureRestart(run: LargeRun): Promise<number> {
  const { server, keys } = run;
  const stopStart = performance.now();
  const signal = await server.stop();
  const stopSeconds = (performance.now() - stopStart) / 1000;
  run.note(
    `stopping took ${stopSeconds.toFixed(2)} s${signal === "SIGKILL" ? " and a SIGKILL" : ""}`,
  );
  const start = performance.now();
  server.launch();
  await untilListening(server.clientPort);
  await untilRead(server, keys.key(keys.count - 1));
  return (performance.now() - start) / 1000;
}

/** A server that listens before it has a leader may refuse the first reads. */
async function untilRead(server: ServerProcess, key: string): Promise<void> {
  const deadline = performance.now() + READ_TIMEOUT_MS;
  await using connection = await LeanConnection.open(server.clientPort);
  const message = encode([[1, key]]);
  let response = await connection.unary(RANGE_PATH, message);
  while (response === undefined && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    response = await connection.unary(RANGE_PATH, message);
  }
  if (response === undefined) throw new Error("no read was answered after a restart");
  if (varintField(response, 4) !== 1) throw new Error(`${key} is gone after a restart`);
}
