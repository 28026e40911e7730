import { existsSync } from "node:fs";
import { findGo, GO_ENVIRONMENT } from "../../tests/harness/go_program.ts";
import { printedBy, runProgram } from "../run_program.ts";
import { BIN_DIR, GO_DIR, type Peer } from "./peer.ts";

/** What the modules of etcd 3.7 ask for. */
const LEAST_GO_MINOR = 26;

/** The module's go.mod is ours to write. */
const MODULE_ENVIRONMENT = { ...GO_ENVIRONMENT, GOFLAGS: "-mod=mod" };

/** A program that is built from a Go module of etcd's. */
export function etcdGoPeer(program: string, module: string, version: string): Peer {
  return {
    program,
    origin: `${module}@${version}`,
    trial: program.startsWith("etcdctl") ? ["version"] : ["--version"],
    async get() {
      const go = findGo();
      if (go === undefined) return "Go is not here; tests that need this program say so and skip";
      const reason = await whyGoIsTooOld(go);
      if (reason !== undefined) return reason;
      await Deno.mkdir(GO_DIR, { recursive: true });
      if (!existsSync(`${GO_DIR}/go.mod`)) await Deno.writeTextFile(`${GO_DIR}/go.mod`, GO_MOD);
      for (
        const args of [
          ["get", `${module}@${version}`],
          ["build", "-trimpath", "-o", `${BIN_DIR}/${program}`, module],
        ]
      ) {
        const run = await runProgram(go, args, { cwd: GO_DIR, env: MODULE_ENVIRONMENT });
        if (!run.success) return `go ${args[0]} failed: ${run.stderr.trim()}`;
      }
      return undefined;
    },
  };
}

const GO_MOD = `module detcd/peers\n\ngo 1.${LEAST_GO_MINOR}\n`;

async function whyGoIsTooOld(go: string): Promise<string | undefined> {
  const run = await runProgram(go, ["version"], { env: GO_ENVIRONMENT });
  const minor = Number(/go1\.(\d+)/.exec(run.stdout)?.[1] ?? 0);
  if (minor >= LEAST_GO_MINOR) return undefined;
  return `Go 1.${LEAST_GO_MINOR} or newer is needed, and this is ${printedBy(run).trim()}`;
}
