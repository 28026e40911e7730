import { etcdctl } from "../../../tests/harness/etcdctl.ts";
import type { ServerProcess } from "../../../tests/harness/server_process.ts";
import { threadsNowMs } from "./open_loop.ts";

/** From when to when, by `threadsNowMs()`, a work took place. */
export interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Far longer than anything here takes: etcdctl would give up after 5 s. */
const COMMAND_TIMEOUT = "--command-timeout=600s";

/** Runs one command of etcdctl; undefined when the server does not know the call. */
export async function runUpkeep(
  server: ServerProcess,
  name: string,
  args: readonly string[],
): Promise<Span | undefined> {
  const startMs = threadsNowMs();
  const result = await etcdctl(server, [COMMAND_TIMEOUT, ...args]);
  const endMs = threadsNowMs();
  if (result.exitCode === 0) return { name, startMs, endMs };
  const output = result.stderr + result.stdout;
  if (/Unimplemented|unknown (method|service)/i.test(output)) return undefined;
  throw new Error(`etcdctl ${args.join(" ")} failed: ${output}`);
}
