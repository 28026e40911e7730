import { existsSync } from "node:fs";
import { findProgram } from "../../tests/harness/programs.ts";
import { runProgram } from "../run_program.ts";
import { BIN_DIR, GO_DIR, type Peer } from "./peer.ts";

/** Where Go is if nobody has put it on the path. */
const USUAL_GO = "/usr/local/go/bin/go";

/** What the modules of etcd 3.7 ask for. */
const LEAST_GO_MINOR = 26;

/** The Go here takes no other Go from the network; what is built needs no C compiler. */
const GO_ENVIRONMENT = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };

/** A program that is built from a Go module of etcd's. */
export function etcdGoPeer(program: string, module: string, version: string): Peer {
  return {
    program,
    origin: `${module}@${version}`,
    trial: program.startsWith("etcdctl") ? ["version"] : ["--version"],
    async get() {
      const go = findProgram("go") ?? USUAL_GO;
      const reason = await whyNoGo(go);
      if (reason !== undefined) return reason;
      await Deno.mkdir(GO_DIR, { recursive: true });
      if (!existsSync(`${GO_DIR}/go.mod`)) await Deno.writeTextFile(`${GO_DIR}/go.mod`, GO_MOD);
      for (
        const args of [
          ["get", `${module}@${version}`],
          ["build", "-trimpath", "-o", `${BIN_DIR}/${program}`, module],
        ]
      ) {
        const run = await runProgram(go, args, { cwd: GO_DIR, env: GO_ENVIRONMENT });
        if (!run.success) return `go ${args[0]} failed: ${run.stderr.trim()}`;
      }
      return undefined;
    },
  };
}

const GO_MOD = `module detcd/peers\n\ngo 1.${LEAST_GO_MINOR}\n`;

async function whyNoGo(go: string): Promise<string | undefined> {
  const { success, stdout } = await runProgram(go, ["version"], { env: GO_ENVIRONMENT });
  if (!success) return "Go is not here; tests that need this program say so and skip";
  const minor = Number(/go1\.(\d+)/.exec(stdout)?.[1] ?? 0);
  if (minor >= LEAST_GO_MINOR) return undefined;
  return `Go 1.${LEAST_GO_MINOR} or newer is needed, and this is ${stdout.trim()}`;
}
