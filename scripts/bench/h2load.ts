import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../tests/harness/programs.ts";

/** One run of h2load: the same request, again and again. */
export interface Load {
  /** The server's URL, http or https; its certificate is not looked at. */
  readonly serverUrl: string;
  readonly path: string;
  readonly message: Uint8Array;
  readonly connections: number;
  readonly streamsEach: number;
  readonly requests: number;
  /** Metadata of every request, as `name: value`. */
  readonly metadata?: readonly string[];
}

/** What h2load counted. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Bytes of all DATA frames, without headers. */
  readonly dataBytes: number;
}

/** Runs h2load and fails unless every request was answered with status 200. */
export async function runH2load(load: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "bench-body-"));
  try {
    const bodyPath = join(folder, "body.bin");
    writeFileSync(bodyPath, grpcFrame(load.message));
    const output = await new Deno.Command(requireProgram("h2load"), {
      args: h2loadArgs(load, bodyPath),
    }).output();
    return parseReport(new TextDecoder().decode(output.stdout), load.requests);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function h2loadArgs(load: Load, bodyPath: string): string[] {
  return [
    "-c",
    String(load.connections),
    "-m",
    String(load.streamsEach),
    "-n",
    String(load.requests),
    "-d",
    bodyPath,
    "-H",
    "content-type: application/grpc",
    "-H",
    "te: trailers",
    ...(load.metadata ?? []).flatMap((header) => ["-H", header]),
    `${load.serverUrl}${load.path}`,
  ];
}

/** Reads h2load's closing lines. */
export function parseReport(report: string, requests: number): LoadResult {
  const rate = /^finished in [\d.]+\w+, ([\d.]+) req\/s/m.exec(report);
  const data = /headers \(space savings [\d.-]+%\), [\d.]+\w* \((\d+)\) data/m.exec(report);
  const succeeded = /, (\d+) succeeded, 0 failed, 0 errored, 0 timeout/.exec(report);
  if (rate === null || data === null || Number(succeeded?.[1]) !== requests) {
    throw new Error(`h2load did not finish ${requests} requests well:\n${report}`);
  }
  return { requestsPerSecond: Number(rate[1]), dataBytes: Number(data[1]) };
}

function grpcFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}
