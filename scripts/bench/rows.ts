import { measureGatewayGets, measureGatewayPuts } from "./gateway_rows.ts";
import { measureGets, measurePuts } from "./request_rows.ts";
import type { Measurement } from "./round.ts";
import type { ServerRun } from "./server_run.ts";
import { measureKeepAlives, measureWatch } from "./stream_rows.ts";
import { measureStart } from "./start_rows.ts";
import type { Row } from "./suite.ts";

const WATCHERS = { connections: 10, watchersEach: 50 } as const;

/** A row whose figures are better large. */
export function rate(id: string, title: string, unit: string): Row {
  return { id, title, unit, isRate: true };
}

/** Puts, which fill one row or two. */
export function putMeasurement(
  connections: number,
  streamsEach: number,
  rows: readonly Row[],
): Measurement<ServerRun> {
  return {
    rows,
    measure: async (run) => {
      const shape = { connections, streamsEach };
      const figures = await measurePuts(await run.loadedServer(), shape, run.seconds);
      return [figures.requestsPerSecond, figures.cpuMicrosPerRequest].slice(0, rows.length);
    },
  };
}

/** Linearizable reads of one key. */
export function getMeasurement(
  connections: number,
  streamsEach: number,
  row: Row,
): Measurement<ServerRun> {
  return {
    rows: [row],
    measure: async (run) => [
      await measureGets(await run.loadedServer(), { connections, streamsEach }, run.seconds),
    ],
  };
}

function watchMeasurement(putsInFlight: number, row: Row): Measurement<ServerRun> {
  return {
    rows: [row],
    measure: async (run) => [
      await measureWatch(await run.server(), { ...WATCHERS, putsInFlight }, run.seconds),
    ],
  };
}

/** The whole table, in its order; the start is that of a server of its own. */
export const MEASUREMENTS: readonly Measurement<ServerRun>[] = [
  putMeasurement(50, 10, [
    rate("put-50x10", "put 256 B, 50 connections x 10 streams", "puts/s"),
    { id: "put-cpu", title: "server CPU time, same puts", unit: "us/put", isRate: false },
  ]),
  putMeasurement(100, 1, [rate("put-100x1", "put 256 B, 100 connections x 1 stream", "puts/s")]),
  putMeasurement(1, 1, [rate("put-1x1", "put 256 B, one at a time", "puts/s")]),
  getMeasurement(
    50,
    10,
    rate("get-50x10", "linearizable get of one key, 50 connections x 10 streams", "gets/s"),
  ),
  getMeasurement(
    100,
    1,
    rate("get-100x1", "linearizable get of one key, 100 connections x 1 stream", "gets/s"),
  ),
  watchMeasurement(
    1,
    rate("watch-500", "1 writer one put at a time, 500 watchers on 10 connections", "events/s"),
  ),
  watchMeasurement(
    64,
    rate("watch-500-flood", "1 writer 64 puts in flight, 500 watchers", "events/s"),
  ),
  {
    rows: [rate("keepalive-100", "lease keep-alives, 100 streams", "renewals/s")],
    measure: async (run) => [await measureKeepAlives(await run.server(), 100, run.seconds)],
  },
  {
    rows: [rate("gateway-put", "put 256 B as JSON over HTTP/1.1, 50 connections", "puts/s")],
    measure: async (run) => [await measureGatewayPuts(await run.server(), run.seconds)],
  },
  {
    rows: [rate("gateway-get", "linearizable get as JSON, 50 connections", "gets/s")],
    measure: async (run) => [await measureGatewayGets(await run.server(), run.seconds)],
  },
  {
    rows: [
      { id: "start", title: "process start to first answered read", unit: "ms", isRate: false },
      { id: "idle-rss", title: "resident memory, idle", unit: "MB", isRate: false },
    ],
    measure: async ({ target }) => {
      const { firstRequestMs, idleResidentMegabytes } = await measureStart(target);
      return [firstRequestMs, idleResidentMegabytes];
    },
  },
];
