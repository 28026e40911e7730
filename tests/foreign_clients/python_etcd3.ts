import { join } from "node:path";
import { findProgram, PROJECT_DIR, requireProgram } from "../harness/programs.ts";
import { type ClientRun, runClient } from "./client_run.ts";

/** Debian's Python with Debian's python3-etcd3, as `deno task peers` puts it together. */
const PYTHON = "python3-etcd3";
const SCRIPT = join(PROJECT_DIR, "tests", "foreign_clients", "python_etcd3", "scenarios.py");

/** Why the client cannot run here, or undefined if it can. */
export function whyNoPythonEtcd3(): string | undefined {
  return findProgram(PYTHON) === undefined
    ? `${PYTHON} is not here, see \`deno task peers\``
    : undefined;
}

/** Runs one scenario of the script against a server. */
export function runPythonEtcd3(
  endpoint: string,
  prefix: string,
  scenario: string,
): Promise<ClientRun> {
  // Without -B Python leaves compiled files beside the script.
  return runClient(requireProgram(PYTHON), ["-B", SCRIPT, endpoint, prefix, scenario]);
}
