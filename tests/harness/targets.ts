import { existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram, PROJECT_DIR, requireProgram } from "./programs.ts";

/** The server that says what is right, and the one that must do the same. */
export type TargetName = "etcd" | "detcd";

/** In this order tests run: a test that real etcd fails is itself wrong. */
export const TARGET_NAMES: readonly TargetName[] = ["etcd", "detcd"];

const MAIN_MODULE = join(PROJECT_DIR, "main.ts");

/** The command line that starts a target, without its flags. */
export function commandOf(target: TargetName): readonly string[] {
  if (target === "etcd") return [requireProgram("etcd")];
  return [Deno.execPath(), "run", "-A", "--quiet", MAIN_MODULE];
}

/**
 * Why a target cannot run here, or undefined if it can. The environment variable TEST_TARGETS
 * (such as `etcd`) leaves out what it does not name.
 */
export function whyMissing(target: TargetName): string | undefined {
  const chosen = Deno.env.get("TEST_TARGETS");
  if (chosen !== undefined && !chosen.split(",").includes(target)) {
    return `TEST_TARGETS is ${chosen}`;
  }
  if (target === "etcd") {
    return findProgram("etcd") === undefined
      ? "etcd is not here, see `deno task peers`"
      : undefined;
  }
  return existsSync(MAIN_MODULE) ? undefined : "there is no main.ts";
}
