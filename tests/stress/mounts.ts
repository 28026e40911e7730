import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why this process cannot mount file systems; undefined if it can. */
export function whyNoMounts(): string | undefined {
  if (Deno.build.os !== "linux") return "file systems are mounted on Linux only";
  if (Deno.uid() !== 0) return "only root may mount file systems";
  const folder = mkdtempSync(join(tmpdir(), "detcd-mount-"));
  try {
    const mounted = tryCommand("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]);
    if (!mounted) return "this system does not let root mount file systems";
    run("umount", [folder]);
    return undefined;
  } finally {
    rmdirSync(folder);
  }
}

/** Puts a small file system in memory onto a folder. */
export function mountTmpfs(folder: string, sizeKib: number): Disposable {
  run("mount", ["-t", "tmpfs", "-o", `size=${sizeKib}k`, "tmpfs", folder]);
  return { [Symbol.dispose]: () => run("umount", [folder]) };
}

/** Changes how much a file system in memory takes. */
export function resizeTmpfs(folder: string, sizeKib: number): void {
  run("mount", ["-o", `remount,size=${sizeKib}k`, folder]);
}

/** Makes a folder one of a file system that cannot be written to. */
export function makeReadOnly(folder: string): Disposable {
  run("mount", ["--bind", folder, folder]);
  run("mount", ["-o", "remount,ro,bind", folder]);
  return { [Symbol.dispose]: () => run("umount", [folder]) };
}

function tryCommand(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0;
}

function run(program: string, args: readonly string[]): void {
  if (!tryCommand(program, args)) throw new Error(`${program} ${args.join(" ")} failed`);
}
