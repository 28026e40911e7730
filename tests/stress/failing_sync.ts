import { spawnSync } from "node:child_process";
import { findProgram } from "../harness/programs.ts";

/** Why no program can be run whose syncs fail; undefined if one can. */
export function whyNoFailingSync(): string | undefined {
  if (findProgram("strace") === undefined) return "strace is not here";
  const [program, ...args] = failingSync(1);
  return spawnSync(program, [...args, "true"]).status === 0
    ? undefined
    : "this system does not let strace work";
}

/**
 * What to run a program under so that all its syncs but the first ones fail: those of one file, if a
 * path is given, or of all files.
 */
export function failingSync(soundSyncs: number, path?: string): string[] {
  return [
    ...["strace", "--follow-forks", "--quiet=all", "--output=/dev/null", "--trace=fdatasync"],
    `--inject=fdatasync:error=EIO:when=${soundSyncs + 1}+`,
    ...(path === undefined ? [] : [`--trace-path=${path}`]),
  ];
}
