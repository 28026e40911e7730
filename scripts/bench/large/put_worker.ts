/**
 * Sends puts at a fixed rate from a thread of its own: neither the garbage of a load that the main
 * thread has made before nor what it does meanwhile may hold up a request that is to leave.
 */

import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { LeanConnection } from "../lean_connection.ts";
import { PUT_PATH } from "../paths.ts";
import { KeySpace, PutTemplate } from "./key_space.ts";
import { CALLERS } from "./load_rows.ts";
import { OpenLoop } from "./open_loop.ts";
import type { PutLoad } from "./put_load.ts";

/** A prime, so that the puts hit keys all over the store. */
const KEY_STEP = 7_919;
/** Versions of values that the load and the overwriting have used. */
const USED_VERSIONS = 2;
/** With two cores for everything, the clock of the measurement must come first. */
const PRIORITY = -10;

/** On Linux the priority is this thread's own; without the right to raise it, it stays. */
function raisePriority(): void {
  try {
    setPriority(PRIORITY);
  } catch {
    // The report says how late the client was.
  }
}

function putSender(
  keys: KeySpace,
  connections: readonly LeanConnection[],
): (request: number) => Promise<boolean> {
  const template = PutTemplate.put();
  return async (request) => {
    const index = request * KEY_STEP % keys.count;
    template.set(0, keys.key(index), keys.value(index, USED_VERSIONS + 1 + request));
    const connection = connections[request % connections.length];
    return await connection.unary(PUT_PATH, template.message) !== undefined;
  };
}

/** Sends from now on until the main thread says that it is enough, then hands over the samples. */
async function main({ port, keyCount, perSecond }: PutLoad): Promise<void> {
  raisePriority();
  const connections = await LeanConnection.openAll(port, CALLERS);
  const stopped = new Promise<void>((resolve) => parentPort?.once("message", () => resolve()));
  const loop = new OpenLoop(
    perSecond,
    putSender(new KeySpace(keyCount, "sequential"), connections),
  );
  await loop.runDuring(stopped);
  await LeanConnection.closeAll(connections);
  parentPort?.postMessage(loop.samples);
}

await main(workerData);
