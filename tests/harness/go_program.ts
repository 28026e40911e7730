import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { findProgram, PROJECT_DIR } from "./programs.ts";

/** Where Go is if nobody has put it on the path. */
const USUAL_GO = "/usr/local/go/bin/go";

const BIN_DIR = join(PROJECT_DIR, ".peers", "bin");

/** The Go here takes no other Go from the network; what is built needs no C compiler. */
export const GO_ENVIRONMENT = { GOTOOLCHAIN: "local", CGO_ENABLED: "0" };

/** Where Go is, if it is. */
export function findGo(): string | undefined {
  return findProgram("go") ?? (existsSync(USUAL_GO) ? USUAL_GO : undefined);
}

/** A program of the tests' own, written in Go around a foreign library. */
export class GoProgram {
  /** Where the program stands once it is built. */
  readonly path: string;
  readonly #sourceDir: string;

  /** The folder holds a Go module; the program is called what the folder is. */
  constructor(...folder: readonly string[]) {
    this.#sourceDir = join(PROJECT_DIR, ...folder);
    this.path = join(BIN_DIR, folder[folder.length - 1]);
  }

  /** Builds it unless it is newer than its source; a string says why that is impossible. */
  whyNotBuilt(): string | undefined {
    const sources = readdirSync(this.#sourceDir).map((name) => join(this.#sourceDir, name));
    if (modifiedAt(this.path) > Math.max(...sources.map(modifiedAt))) return undefined;
    const go = findGo();
    if (go === undefined) return "Go is not here";
    mkdirSync(BIN_DIR, { recursive: true });
    const { success, stderr } = new Deno.Command(go, {
      args: ["build", "-o", this.path, "."],
      cwd: this.#sourceDir,
      env: GO_ENVIRONMENT,
    }).outputSync();
    return success ? undefined : `it cannot be built: ${new TextDecoder().decode(stderr)}`;
  }
}

/** 0 if it is not there. */
function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
