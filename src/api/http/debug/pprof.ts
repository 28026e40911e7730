import { messageOf } from "../../../base/error_message.ts";
import { SharedRun } from "../../../base/shared_run.ts";
import { gzip } from "../gzip.ts";
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  textResponse,
} from "../http_message.ts";
import { commandLine } from "./command_line.ts";
import { CpuProfiling } from "./cpu_profiling.ts";
import { HeapSampling } from "./heap_sampling.ts";
import { DEBUG_LIMITS } from "./limits.ts";
import { encodePprof } from "./pprof_encoding.ts";
import { PPROF_PATH, pprofIndex, UNAVAILABLE_PROFILES } from "./pprof_index.ts";
import type { StackProfile } from "./stack_profile.ts";
import { cpuStacks, heapStacks } from "./v8_profiles.ts";
import type { ProfiledProgram } from "./profiled_program.ts";

/** The handlers of everything below /debug/pprof/, by path; for any method, as in Go. */
export function pprofHandlers(server: ProfiledProgram): Map<string, HttpHandler> {
  const [cpu, sampling] = [new CpuProfiling(server), HeapSampling.join()];
  server.stoppingNotify.then(() => sampling.leave());
  const heap = new HeapFiles(sampling, server);
  const handlers = new Map<string, HttpHandler>([
    ["", ({ path }) => path === PPROF_PATH ? pprofIndex() : unknownProfile()],
    ["cmdline", () => textResponse(200, commandLine().join("\0"))],
    // Its profiles carry the names themselves, so there is nothing to look up.
    ["symbol", () => textResponse(200, "num_symbols: 0\n")],
    ["profile", (request) => cpuProfile(cpu, request)],
    ["heap", (request) => heapProfile(heap, request)],
  ]);
  for (const [name, reason] of UNAVAILABLE_PROFILES) {
    handlers.set(name, () => errorResponse(501, `${name} is not available: ${reason}`));
  }
  return new Map(Array.from(handlers, ([name, handler]) => [PPROF_PATH + name, handler]));
}

async function cpuProfile(cpu: CpuProfiling, request: HttpRequest): Promise<HttpResponse> {
  const { query } = request;
  const seconds = secondsOf(query.get("seconds"));
  const { maxProfileSeconds } = DEBUG_LIMITS;
  if (seconds > maxProfileSeconds) {
    return errorResponse(400, `a profile lasts ${maxProfileSeconds} seconds at most`);
  }
  try {
    const { profile, wallMs } = await cpu.record(seconds * 1000, (stop) => request.whenGone(stop));
    if (query.get("format") === "v8") return jsonFile(profile, "profile.cpuprofile");
    return await pprofFile(cpuStacks(profile, wallMs), "profile");
  } catch (error) {
    return errorResponse(500, `Could not enable CPU profiling: ${messageOf(error)}`);
  }
}

/**
 * Profiles of the heap in both forms. Each takes V8 a tenth of a second in which nothing else is
 * done, so those who ask at once share it.
 */
class HeapFiles {
  readonly pprof: SharedRun<HttpResponse>;
  readonly v8: SharedRun<HttpResponse>;

  constructor(sampling: HeapSampling, { config: { clock } }: ProfiledProgram) {
    this.pprof = new SharedRun(async () => {
      return await pprofFile(heapStacks(await sampling.profile(), clock.wallMs()), "heap");
    });
    this.v8 = new SharedRun(async () => jsonFile(await sampling.profile(), "heap.heapprofile"));
  }
}

async function heapProfile(heap: HeapFiles, { query }: HttpRequest): Promise<HttpResponse> {
  try {
    return await (query.get("format") === "v8" ? heap.v8 : heap.pprof).result();
  } catch (error) {
    return errorResponse(500, `Could not enable heap profiling: ${messageOf(error)}`);
  }
}

/** As in Go, what is not a positive whole number is the default. */
function secondsOf(text: string | null): number {
  const seconds = text !== null && /^\d+$/.test(text) ? Number(text) : 0;
  return seconds > 0 ? seconds : DEBUG_LIMITS.defaultProfileSeconds;
}

async function pprofFile(profile: StackProfile, name: string): Promise<HttpResponse> {
  return file(await gzip(encodePprof(profile)), "application/octet-stream", name);
}

/** V8's own form, which the developer tools of browsers read. */
function jsonFile(profile: object, name: string): HttpResponse {
  return file(JSON.stringify(profile), "application/json", name);
}

function file(body: string | Uint8Array, type: string, name: string): HttpResponse {
  const headers = {
    "content-disposition": `attachment; filename="${name}"`,
    "content-type": type,
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body };
}

function unknownProfile(): HttpResponse {
  return errorResponse(404, "Unknown profile");
}

/** Go's tool tells by the header that the text is for people. */
function errorResponse(status: number, text: string): HttpResponse {
  const response = textResponse(status, `${text}\n`);
  return { ...response, headers: { ...response.headers, "x-go-pprof": "1" } };
}
