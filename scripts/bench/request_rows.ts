import { type Load, type LoadResult, runH2load } from "./h2load.ts";
import { LeanConnection } from "./lean_connection.ts";
import { PUT_PATH, RANGE_PATH } from "./paths.ts";
import { cpuSeconds } from "./process_figures.ts";
import { encode, headerRevision } from "./wire.ts";

/** A server under load. */
export interface LoadedServer {
  /** Where the load goes. */
  readonly clientUrl: string;
  /** Where it is asked, without TLS, what has come of the load. */
  readonly clientPort: number;
  readonly pid: number;
}

/** Connections and concurrent streams on each. */
interface Shape {
  readonly connections: number;
  readonly streamsEach: number;
}

/** What the put rows find out in one go. */
interface PutFigures {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
}

const VALUE_BYTES = 256;
/** With 12 bytes of key and 256 of value the request is 278 bytes, gRPC's prefix included. */
export const KEY = "bench/put000";

/** A first, short run tells how many requests fill the wanted time; it warms the server as well. */
const CALIBRATION_SECONDS = 0.5;
const CALIBRATION_REQUESTS_EACH = 4;

/** The put that every put row sends. */
export function putMessage(): Uint8Array {
  return encode([[1, KEY], [2, new Uint8Array(VALUE_BYTES).fill(0x78)]]);
}

/** Puts per second and the server's processor time for each. */
export async function measurePuts(
  server: LoadedServer,
  shape: Shape,
  seconds: number,
): Promise<PutFigures> {
  const base = { serverUrl: server.clientUrl, path: PUT_PATH, message: putMessage(), ...shape };
  const requests = await calibrate(base, seconds);
  const revisionBefore = await currentRevision(server.clientPort);
  const cpuBefore = cpuSeconds(server.pid);
  const result = await runH2load({ ...base, requests });
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  // h2load does not read grpc-status; that the store counted every put proves them all.
  const applied = await currentRevision(server.clientPort) - revisionBefore;
  if (applied !== requests) throw new Error(`${requests} puts made ${applied} revisions`);
  return {
    requestsPerSecond: result.requestsPerSecond,
    cpuMicrosPerRequest: cpu * 1e6 / requests,
  };
}

/** Linearizable reads of one key per second. */
export async function measureGets(
  server: LoadedServer,
  shape: Shape,
  seconds: number,
): Promise<number> {
  const { response } = await putThenGet(server.clientPort);
  const message = encode([[1, KEY]]);
  const base = { serverUrl: server.clientUrl, path: RANGE_PATH, message, ...shape };
  const requests = await calibrate(base, seconds);
  const result = await runH2load({ ...base, requests });
  checkGets(result, requests, response.length);
  return result.requestsPerSecond;
}

/** A refused read has no DATA at all, so the byte count proves that every read brought the value. */
function checkGets(result: LoadResult, requests: number, responseBytes: number): void {
  const wanted = requests * (5 + responseBytes);
  if (result.dataBytes !== wanted) {
    throw new Error(`${requests} gets brought ${result.dataBytes} bytes instead of ${wanted}`);
  }
}

async function putThenGet(port: number): Promise<{ response: Uint8Array }> {
  await using connection = await LeanConnection.open(port);
  await connection.unary(PUT_PATH, putMessage());
  const response = await connection.unary(RANGE_PATH, encode([[1, KEY]]));
  if (response === undefined) throw new Error("the server refused a get");
  return { response };
}

async function calibrate(base: Omit<Load, "requests">, seconds: number): Promise<number> {
  const inFlight = base.connections * base.streamsEach;
  const first = await runH2load({ ...base, requests: inFlight * CALIBRATION_REQUESTS_EACH });
  const warmUp = Math.max(inFlight, Math.round(first.requestsPerSecond * CALIBRATION_SECONDS));
  const { requestsPerSecond } = await runH2load({ ...base, requests: warmUp });
  return Math.max(inFlight, Math.round(requestsPerSecond * seconds));
}

/** The store's revision, by a linearizable read. */
export async function currentRevision(port: number): Promise<number> {
  await using connection = await LeanConnection.open(port);
  const response = await connection.unary(RANGE_PATH, encode([[1, "no such key"]]));
  if (response === undefined) throw new Error("the server refused a get");
  return headerRevision(response);
}
