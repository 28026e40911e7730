import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../tests/harness/programs.ts";
import type { ServerProcess } from "../../tests/harness/server_process.ts";
import { currentRevision } from "./request_rows.ts";

const CONNECTIONS = 50;
/** Long enough for the server's code to be compiled. */
const WARM_UP_SECONDS = 1;
const VALUE_BYTES = 256;
const KEY = btoa("bench/put000");

/** Puts per second through the JSON gateway. */
export async function measureGatewayPuts(server: ServerProcess, seconds: number): Promise<number> {
  const body = JSON.stringify({ key: KEY, value: btoa("x".repeat(VALUE_BYTES)) });
  await runWrk(server.clientPort, "/v3/kv/put", body, WARM_UP_SECONDS);
  const revisionBefore = await currentRevision(server.clientPort);
  const { requests, requestsPerSecond } = await runWrk(
    server.clientPort,
    "/v3/kv/put",
    body,
    seconds,
  );
  // wrk leaves when its time is up, with up to one put a connection under way.
  const applied = await currentRevision(server.clientPort) - revisionBefore;
  if (applied < requests) throw new Error(`${requests} puts made ${applied} revisions`);
  return requestsPerSecond;
}

/** Linearizable reads of one key per second through the JSON gateway. */
export async function measureGatewayGets(server: ServerProcess, seconds: number): Promise<number> {
  const put = JSON.stringify({ key: KEY, value: btoa("x".repeat(VALUE_BYTES)) });
  await fetch(`http://${server.endpoint}/v3/kv/put`, { method: "POST", body: put })
    .then((response) => response.body?.cancel());
  const body = JSON.stringify({ key: KEY });
  await runWrk(server.clientPort, "/v3/kv/range", body, WARM_UP_SECONDS);
  return (await runWrk(server.clientPort, "/v3/kv/range", body, seconds)).requestsPerSecond;
}

interface WrkResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/** Sends the same body again and again, and fails unless every answer was a success. */
async function runWrk(
  port: number,
  path: string,
  body: string,
  seconds: number,
): Promise<WrkResult> {
  const folder = mkdtempSync(join(tmpdir(), "bench-wrk-"));
  try {
    const script = join(folder, "post.lua");
    writeFileSync(script, `wrk.method = "POST"\nwrk.body = ${JSON.stringify(body)}\n`);
    const output = await new Deno.Command(requireProgram("wrk"), {
      args: [
        ...["-t", "1", "-c", String(CONNECTIONS), "-d", `${Math.ceil(seconds)}s`, "-s", script],
        `http://127.0.0.1:${port}${path}`,
      ],
    }).output();
    return parseWrkReport(new TextDecoder().decode(output.stdout));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads what wrk says at its end. */
export function parseWrkReport(report: string): WrkResult {
  const requests = /^ +(\d+) requests in /m.exec(report);
  const rate = /^Requests\/sec: +([\d.]+)$/m.exec(report);
  const failed = /Non-2xx or 3xx responses|Socket errors/.test(report);
  if (requests === null || rate === null || failed) {
    throw new Error(`wrk did not finish well:\n${report}`);
  }
  return { requests: Number(requests[1]), requestsPerSecond: Number(rate[1]) };
}
