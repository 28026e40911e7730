import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CompileTarget, runsHere } from "./compile_target.ts";
import { printedBy, runProgram } from "../run_program.ts";

/** `deno compile` needs a runtime without the CLI, called denort, and could not have it. */
export class DenortUnreachableError extends Error {
  override readonly name = "DenortUnreachableError";
}

/**
 * What the executable may do, for good: nobody can pass flags of Deno to it. It is a program like any
 * other, which may what its user may: Deno opens /proc, where the limit on open files stands, to
 * programs with all permissions only. It never asks, since nobody sits in front of a server.
 */
const BAKED_FLAGS: readonly string[] = ["--allow-all", "--no-prompt"];

/**
 * The cache of compiled code would be a file with a known name in the folder for temporary files,
 * which other users of the machine can write to.
 */
const NO_SHARED_CACHE = "--no-code-cache";

/**
 * Files of npm packages that must stay out. `deno compile` parses every file of a CommonJS package
 * that has no extension as a script, and Deno 2.9.6 overflows its stack on bintrees' lists of
 * negative numbers, which read as one subtraction of a hundred thousand terms.
 */
const EXCLUDED_PACKAGE_FOLDERS: Readonly<Record<string, string>> = { bintrees: "test" };

/** What to compile, and where to. */
interface CompileJob {
  readonly deno: string;
  readonly stageDir: string;
  readonly includedModules: readonly string[];
  readonly target: CompileTarget;
  readonly outputPath: string;
}

/** Downloads what the program imports, exactly as the lock file says. */
export async function fetchPackages(deno: string, stageDir: string): Promise<void> {
  const args = ["cache", "--frozen", "--quiet", "--node-modules-dir=none", "main.ts"];
  const run = await runProgram(deno, args, { cwd: stageDir });
  if (!run.success) {
    throw new Error(`the npm packages cannot be fetched:\n${printedBy(run).trim()}`);
  }
}

/** Makes an executable; throws DenortUnreachableError when only the runtime for it is missing. */
export async function denoCompile(job: CompileJob): Promise<void> {
  const excluded = await excludedFolders(job.deno, job.stageDir);
  const args = [
    "compile",
    "--quiet",
    "--no-check",
    "--frozen",
    "--node-modules-dir=none",
    "--exclude-unused-npm",
    NO_SHARED_CACHE,
    ...BAKED_FLAGS,
    ...excluded.flatMap((folder) => ["--exclude", folder]),
    ...job.includedModules.flatMap((module) => ["--include", module]),
    "--target",
    job.target.triple,
    "--output",
    job.outputPath,
    "main.ts",
  ];
  refuseForeignDenort(job.target);
  const run = await runProgram(job.deno, args, { cwd: job.stageDir });
  if (run.success && existsSync(job.outputPath)) return;
  if (isMissingDenort(run.stderr)) throw new DenortUnreachableError(missingDenort(job, run.stderr));
  throw new Error(`deno compile failed for ${job.target.triple}:\n${printedBy(run).trim()}`);
}

/** The variable names one file for one kind of machine, which Deno would use for any target. */
function refuseForeignDenort(target: CompileTarget): void {
  const denort = Deno.env.get("DENORT_BIN");
  if (denort === undefined || runsHere(target)) return;
  throw new Error(
    `DENORT_BIN is set (${denort}): what it makes for ${target.triple} cannot be checked on this ` +
      `machine. Unset it, or compile on a machine of that kind`,
  );
}

function isMissingDenort(text: string): boolean {
  return text.includes("Setting up base binary") && text.includes("denort");
}

function missingDenort({ target }: CompileJob, text: string): string {
  const cause = /^\s*\d+: (error sending request.*)$/m.exec(text)?.[1] ?? text.trim();
  return `no executable for ${target.triple}: the runtime "denort" cannot be downloaded\n  ${cause}`;
}

/** What to do where denort cannot be downloaded. */
export const DENORT_ADVICE = [
  "deno compile builds upon the runtime denort. Run this where the addresses above are reachable,",
  `or put the archives into dl/release/v${Deno.version.deno}/ of Deno's cache (its folder is`,
  "DENO_DIR in `deno info`). DENORT_BIN=<the deno program> is no way out: it makes a Deno prompt.",
].join("\n");

async function excludedFolders(deno: string, stageDir: string): Promise<string[]> {
  const info = await runProgram(deno, ["info", "--json"], { cwd: stageDir });
  const parsed: { npmCache?: string } = info.success ? JSON.parse(info.stdout) : {};
  const { npmCache } = parsed;
  if (npmCache === undefined) throw new Error(`deno info names no npm cache:\n${printedBy(info)}`);
  const lock: { npm?: Record<string, unknown> } = JSON.parse(
    readFileSync(join(stageDir, "deno.lock"), "utf8"),
  );
  const registries = readdirSync(npmCache).map((name) => join(npmCache, name));
  return Object.keys(lock.npm ?? {}).flatMap((nameAndVersion) => {
    const [, name, version] = /^(.+?)@([^_]+)/.exec(nameAndVersion) ?? [];
    const folder = EXCLUDED_PACKAGE_FOLDERS[name ?? ""];
    if (folder === undefined || version === undefined) return [];
    return registries.map((registry) => join(registry, name, version, folder)).filter(existsSync);
  });
}
