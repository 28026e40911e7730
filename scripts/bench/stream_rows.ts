import type { Buffer } from "node:buffer";
import type { ServerProcess } from "../../tests/harness/server_process.ts";
import { LeanConnection, MessageReader } from "./lean_connection.ts";
import { LEASE_GRANT_PATH, LEASE_KEEP_ALIVE_PATH, PUT_PATH, WATCH_PATH } from "./paths.ts";
import { putMessage } from "./request_rows.ts";
import { WatchResponseCounter } from "./watch_response_counter.ts";
import { encode, FieldReader, varintField } from "./wire.ts";

/** How watchers are spread, and how hard the one writer writes. */
interface WatchLoad {
  readonly connections: number;
  readonly watchersEach: number;
  readonly putsInFlight: number;
}

const KEEP_ALIVE_CONNECTIONS = 10;
const LEASE_TTL_SECONDS = 600;
/** Time for the last events to arrive once the writer has stopped. */
const DRAIN_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 1;

/**
 * Events delivered per second: one writer, and watchers of the writer's prefix. Each connection
 * has one stream that carries all its watchers, as etcd's own client does it. The clock runs from
 * the first put to the last event, so a backlog counts as time.
 */
export async function measureWatch(
  server: ServerProcess,
  load: WatchLoad,
  seconds: number,
): Promise<number> {
  const counters = Array.from({ length: load.connections }, () => new WatchResponseCounter());
  const total = (field: "created" | "events"): number => {
    return counters.reduce((sum, counter) => sum + counter[field], 0);
  };
  const connections = await LeanConnection.openAll(server.clientPort, load.connections);
  const create = encode([[1, encode([[1, "bench/"], [2, "bench0"]])]]);
  for (const [i, connection] of connections.entries()) {
    const streamId = connection.openStream(WATCH_PATH, counters[i]);
    for (let k = 0; k < load.watchersEach; k++) connection.send(streamId, create, false);
  }
  const watchers = load.connections * load.watchersEach;
  await until(() => total("created") === watchers, "watchers were not created");
  const writer = await LeanConnection.open(server.clientPort);
  const start = performance.now();
  const puts = await writeFor(writer, load.putsInFlight, seconds);
  await until(() => total("events") >= puts * watchers, "events got lost");
  const elapsedSeconds = (performance.now() - start) / 1000;
  if (total("events") !== puts * watchers) throw new Error("watchers got events twice");
  await LeanConnection.closeAll([...connections, writer]);
  return puts * watchers / elapsedSeconds;
}

async function writeFor(
  writer: LeanConnection,
  inFlight: number,
  seconds: number,
): Promise<number> {
  const message = putMessage();
  const deadline = performance.now() + seconds * 1000;
  let puts = 0;
  const putUntilDeadline = async (): Promise<void> => {
    while (performance.now() < deadline) {
      puts++;
      const response = await writer.unary(PUT_PATH, message);
      if (response === undefined) throw new Error("the server refused a put");
    }
  };
  await Promise.all(Array.from({ length: inFlight }, putUntilDeadline));
  return puts;
}

/** One stream that renews one lease, the next time as soon as the last one is answered. */
class KeepAliveStream {
  readonly #connection: LeanConnection;
  readonly #request: Uint8Array;
  readonly #fields = new FieldReader();
  readonly #messages = new MessageReader((bytes, start, end) => this.#answer(bytes, start, end));
  #streamId = 0;
  answered = 0;

  constructor(connection: LeanConnection, leaseId: number) {
    this.#connection = connection;
    this.#request = encode([[1, leaseId]]);
  }

  start(): void {
    this.#streamId = this.#connection.openStream(LEASE_KEEP_ALIVE_PATH, this);
    this.#connection.send(this.#streamId, this.#request, false);
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.#messages.read(bytes, start, end);
  }

  ended(): void {
    throw new Error("the server ended a keep-alive stream");
  }

  #answer(bytes: Buffer, start: number, end: number): void {
    let ttl = 0;
    this.#fields.reset(bytes, start, end);
    while (this.#fields.next()) {
      if (this.#fields.number === 3) ttl = this.#fields.value;
    }
    if (ttl !== LEASE_TTL_SECONDS) throw new Error(`a keep-alive answered TTL ${ttl}`);
    this.answered++;
    this.#connection.send(this.#streamId, this.#request, false);
  }
}

/** Lease keep-alives answered per second, each stream with one request in flight. */
export async function measureKeepAlives(
  server: ServerProcess,
  streamCount: number,
  seconds: number,
): Promise<number> {
  const connections = await LeanConnection.openAll(server.clientPort, KEEP_ALIVE_CONNECTIONS);
  const firstId = 1000 + Math.floor(Math.random() * 1e9);
  const streams: KeepAliveStream[] = [];
  for (let i = 0; i < streamCount; i++) {
    await grantLease(connections[0], firstId + i);
    streams.push(new KeepAliveStream(connections[i % connections.length], firstId + i));
  }
  for (const stream of streams) stream.start();
  const answered = (): number => streams.reduce((sum, stream) => sum + stream.answered, 0);
  await until(() => streams.every((stream) => stream.answered > 0), "a stream got no answer");
  const [before, start] = [answered(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const rate = (answered() - before) / ((performance.now() - start) / 1000);
  await LeanConnection.closeAll(connections);
  return rate;
}

async function grantLease(connection: LeanConnection, id: number): Promise<void> {
  const response = await connection.unary(
    LEASE_GRANT_PATH,
    encode([[1, LEASE_TTL_SECONDS], [2, id]]),
  );
  if (response === undefined || varintField(response, 2) !== id) {
    throw new Error("the server refused a lease");
  }
}

async function until(isReached: () => boolean, complaint: string): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error(complaint);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
