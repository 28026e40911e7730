import { existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram, PROJECT_DIR, requireProgram } from "./programs.ts";

/**
 * The servers that say what is right, and the one that must do the same: `etcd` is Debian's 3.4.23,
 * `etcd-3.7` is built from Go's module proxy for what is newer than that.
 */
export type TargetName = "etcd" | "etcd-3.7" | "detcd";

/** In this order tests run: a test that real etcd fails is itself wrong. */
export const TARGET_NAMES: readonly TargetName[] = ["etcd", "detcd"];

/** The same for what etcd 3.4 does not have, or does otherwise than etcd 3.7 and detcd. */
export const NEWER_TARGET_NAMES: readonly TargetName[] = ["etcd-3.7", "detcd"];

const MAIN_MODULE = join(PROJECT_DIR, "main.ts");

/** The command line that starts a target, without its flags. */
export function commandOf(target: TargetName): readonly string[] {
  if (target !== "detcd") return [requireProgram(target)];
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
  if (target !== "detcd") {
    return findProgram(target) === undefined
      ? `${target} is not here, see \`deno task peers\``
      : undefined;
  }
  return existsSync(MAIN_MODULE) ? undefined : "there is no main.ts";
}
