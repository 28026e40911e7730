import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { findProgram, PROJECT_DIR } from "../harness/programs.ts";
import { type ClientRun, runClient } from "./client_run.ts";

const SOURCE_DIR = join(PROJECT_DIR, "tests", "clients", "go_client");
const BIN_DIR = join(PROJECT_DIR, ".peers", "bin");
const PROGRAM = join(BIN_DIR, "go_client");

/** Where Go is if nobody has put it on the path. */
const USUAL_GO = "/usr/local/go/bin/go";

/** The Go here takes no other Go from the network; what is built needs no C compiler. */
const GO_ENVIRONMENT = { GOTOOLCHAIN: "local", CGO_ENABLED: "0" };

/** Builds the program around etcd's Go client, unless it is there; a string says why that fails. */
export function whyNoGoClient(): string | undefined {
  const sources = readdirSync(SOURCE_DIR).map((name) => modifiedAt(join(SOURCE_DIR, name)));
  if (modifiedAt(PROGRAM) > Math.max(...sources)) return undefined;
  const go = findProgram("go") ?? USUAL_GO;
  if (modifiedAt(go) === 0) return "Go is not here";
  mkdirSync(BIN_DIR, { recursive: true });
  const { success, stderr } = new Deno.Command(go, {
    args: ["build", "-o", PROGRAM, "."],
    cwd: SOURCE_DIR,
    env: GO_ENVIRONMENT,
  }).outputSync();
  if (success) return undefined;
  return `etcd's Go client cannot be built: ${new TextDecoder().decode(stderr)}`;
}

/** Runs one scenario of the program against a server. */
export function runGoClient(
  endpoint: string,
  prefix: string,
  scenario: string,
): Promise<ClientRun> {
  return runClient(PROGRAM, [endpoint, prefix, scenario]);
}

/** 0 if it is not there. */
function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
