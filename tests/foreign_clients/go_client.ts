import { GoProgram } from "../harness/go_program.ts";
import { type ClientRun, runClient } from "./client_run.ts";

const PROGRAM = new GoProgram("tests", "foreign_clients", "go_client");

/** Builds the program around etcd's Go client; a string says why that is impossible. */
export function whyNoGoClient(): string | undefined {
  return PROGRAM.whyNotBuilt();
}

/** Runs one scenario of the program against a server. */
export function runGoClient(
  endpoint: string,
  prefix: string,
  scenario: string,
): Promise<ClientRun> {
  return runClient(PROGRAM.path, [endpoint, prefix, scenario]);
}
