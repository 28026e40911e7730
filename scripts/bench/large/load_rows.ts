import { LeanConnection } from "../lean_connection.ts";
import { PUT_PATH, TXN_PATH } from "../paths.ts";
import { cpuSeconds, residentBytes, writtenBytes } from "../process_figures.ts";
import { currentRevision } from "../request_rows.ts";
import { formatCount } from "../statistics.ts";
import { varintField } from "../wire.ts";
import { KEY_BYTES, type KeySpace, PUTS_PER_TXN, PutTemplate, VALUE_BYTES } from "./key_space.ts";
import type { LargeMeasurement, LargeRun } from "./large_run.ts";
import { countKeys } from "./range_rows.ts";

/** Each has a connection of its own. */
export const CALLERS = 16;
const OVERWRITES_IN_FLIGHT_EACH = 16;

/** A server that has written nothing for so long is done with its checkpoints. */
const QUIET_MS = 2_000;
const QUIET_TIMEOUT_MS = 120_000;
const QUIET_POLL_MS = 100;

/** Load time, and what the load has cost once the server has come to rest. */
export function loadMeasurement(keyCount: number): LargeMeasurement {
  const title = `load of ${
    formatCount(keyCount)
  } keys, ${PUTS_PER_TXN}-put txns by ${CALLERS} callers`;
  return {
    rows: [
      { id: "load", title, unit: "s", isRate: false, target: { timesEtcd: 0.6 } },
      {
        id: "load-rss",
        title: "resident memory after load",
        unit: "MB",
        isRate: false,
        target: { timesEtcd: 0.6 },
      },
      {
        id: "load-written",
        title: "written to disk per byte put",
        unit: "bytes",
        isRate: false,
        target: { timesEtcd: 1 },
      },
    ],
    measure: measureLoad,
  };
}

async function measureLoad(run: LargeRun): Promise<readonly number[]> {
  const { server, keys } = run;
  const writtenBefore = writtenBytes(server.pid);
  const loadSeconds = await loadAll(run);
  await untilQuiet(server.pid);
  const written = writtenBytes(server.pid) - writtenBefore;
  const resident = residentBytes(server.pid);
  const count = await countKeys(server.clientPort);
  if (count !== keys.count) throw new Error(`${keys.count} keys were loaded, ${count} are there`);
  const putBytes = keys.count * (KEY_BYTES + VALUE_BYTES);
  return [loadSeconds, resident / 1e6, written / putBytes];
}

async function loadAll(run: LargeRun): Promise<number> {
  const { server, keys } = run;
  const connections = await LeanConnection.openAll(server.clientPort, CALLERS);
  const revisionBefore = await currentRevision(server.clientPort);
  const txnCount = keys.count / PUTS_PER_TXN;
  const [cpuBefore, start] = [cpuSeconds(Deno.pid), performance.now()];
  let nextTxn = 0;
  await Promise.all(connections.map(async (connection) => {
    const template = PutTemplate.txn();
    while (nextTxn < txnCount) {
      fillTxn(template, keys, nextTxn++);
      const response = await connection.unary(TXN_PATH, template.message);
      if (response === undefined || varintField(response, 2) !== 1) {
        throw new Error("the server refused a transaction");
      }
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  const clientShare = (cpuSeconds(Deno.pid) - cpuBefore) / seconds;
  run.note(`the loading client was busy ${Math.round(clientShare * 100)} % of the time`);
  await LeanConnection.closeAll(connections);
  const txns = await currentRevision(server.clientPort) - revisionBefore;
  if (txns !== txnCount) throw new Error(`${txnCount} transactions made ${txns} revisions`);
  return seconds;
}

function fillTxn(template: PutTemplate, keys: KeySpace, txn: number): void {
  for (let i = 0; i < PUTS_PER_TXN; i++) {
    const index = keys.indexOfTurn(txn * PUTS_PER_TXN + i);
    template.set(i, keys.key(index), keys.value(index, 1));
  }
}

/** Puts the first `count` keys once more, each by a request and so at a revision of its own. */
export async function overwrite({ server, keys }: LargeRun, count: number): Promise<void> {
  const connections = await LeanConnection.openAll(server.clientPort, CALLERS);
  let next = 0;
  const putRest = async (connection: LeanConnection): Promise<void> => {
    const template = PutTemplate.put();
    while (next < count) {
      const index = keys.indexOfTurn(next++);
      template.set(0, keys.key(index), keys.value(index, 2));
      const response = await connection.unary(PUT_PATH, template.message);
      if (response === undefined) throw new Error("the server refused a put");
    }
  };
  await Promise.all(connections.flatMap((connection) => {
    return Array.from({ length: OVERWRITES_IN_FLIGHT_EACH }, () => putRest(connection));
  }));
  await LeanConnection.closeAll(connections);
}

/** Returns once the server has stopped writing, so that its last checkpoint is counted. */
async function untilQuiet(pid: number): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  let [written, since] = [writtenBytes(pid), performance.now()];
  while (performance.now() - since < QUIET_MS) {
    if (performance.now() > deadline) throw new Error("the server does not stop writing");
    await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS));
    const now = writtenBytes(pid);
    if (now !== written) [written, since] = [now, performance.now()];
  }
}
