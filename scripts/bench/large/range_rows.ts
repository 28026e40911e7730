import { LeanConnection } from "../lean_connection.ts";
import { RANGE_PATH } from "../paths.ts";
import { formatCount, median } from "../statistics.ts";
import { encode, type Field, FieldReader, varintField } from "../wire.ts";
import { namespacePrefix } from "./key_space.ts";
import type { LargeMeasurement, LargeRun } from "./large_run.ts";

/** As a key it is the first one there can be, as an end it means "no end". */
const EVERYTHING = "\0";
const LIMIT = 500;
/** The first request of its kind is not counted. */
const REPETITIONS = 7;

const COUNT_ALL: readonly Field[] = [[1, EVERYTHING], [2, EVERYTHING], [9, 1]];
const LIMITED: readonly Field[] = [[1, EVERYTHING], [2, EVERYTHING], [3, LIMIT]];

/** Counting all keys at the current revision. */
export const COUNT_MEASUREMENT: LargeMeasurement = {
  rows: [{
    id: "count",
    title: "count of all keys",
    unit: "ms",
    isRate: false,
    target: { atMost: 5 },
  }],
  measure: async ({ server, keys }) => [
    await medianRangeMs(server.clientPort, COUNT_ALL, 0, keys.count),
  ],
};

/** The first keys of all of them: the server must not look at the rest. */
export const LIMIT_MEASUREMENT: LargeMeasurement = {
  rows: [{
    id: "limit",
    title: `range of all keys, limit ${LIMIT}`,
    unit: "ms",
    isRate: false,
    target: { atMost: 10 },
  }],
  measure: async ({ server, keys }) => [
    await medianRangeMs(server.clientPort, LIMITED, Math.min(LIMIT, keys.count), keys.count),
  ],
};

/** A long range with all values. */
export function valuesMeasurement(namespaceKeys: number): LargeMeasurement {
  return {
    rows: [{
      id: "range",
      title: `range of ${formatCount(namespaceKeys)} keys with values`,
      unit: "ms",
      isRate: false,
      target: { timesEtcd: 1 },
    }],
    measure: async (run) => [await measureNamespace(run)],
  };
}

function measureNamespace({ server, keys }: LargeRun): Promise<number> {
  const middle = Math.floor((keys.count - 1) / keys.namespaceKeys / 2);
  const prefix = namespacePrefix(middle);
  // The byte behind "/" is "0": this end leaves out nothing but other prefixes.
  const request: readonly Field[] = [[1, prefix], [2, `${prefix.slice(0, -1)}0`]];
  return medianRangeMs(server.clientPort, request, keys.namespaceKeys, keys.namespaceKeys);
}

/** Linearizable ranges one after the other; each must bring what is expected. */
async function medianRangeMs(
  port: number,
  request: readonly Field[],
  wantedPairs: number,
  wantedCount: number,
): Promise<number> {
  await using connection = await LeanConnection.open(port);
  const message = encode(request);
  const times: number[] = [];
  for (let i = 0; i <= REPETITIONS; i++) {
    const start = performance.now();
    const response = await connection.unary(RANGE_PATH, message);
    const elapsed = performance.now() - start;
    if (response === undefined) throw new Error("the server refused a range");
    checkRange(response, wantedPairs, wantedCount);
    if (i > 0) times.push(elapsed);
  }
  return median(times);
}

function checkRange(response: Uint8Array, wantedPairs: number, wantedCount: number): void {
  const pairs = countFields(response, 2);
  const count = varintField(response, 4);
  if (pairs !== wantedPairs || count !== wantedCount) {
    throw new Error(
      `a range brought ${pairs} pairs of ${count} instead of ${wantedPairs} of ${wantedCount}`,
    );
  }
}

function countFields(bytes: Uint8Array, number: number): number {
  const reader = new FieldReader();
  reader.reset(bytes, 0, bytes.length);
  let count = 0;
  while (reader.next()) {
    if (reader.number === number) count++;
  }
  return count;
}

/** How many keys the store holds. */
export async function countKeys(port: number): Promise<number> {
  await using connection = await LeanConnection.open(port);
  const response = await connection.unary(RANGE_PATH, encode(COUNT_ALL));
  if (response === undefined) throw new Error("the server refused to count its keys");
  return varintField(response, 4);
}
