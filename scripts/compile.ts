/**
 * Makes the executable with `deno compile`, for this machine or others, and lets nothing out that
 * was not seen to be detcd: what runs here is started, written to, read from and stopped.
 *
 *     deno task compile [--target all | --target aarch64-apple-darwin ...] [--output dist]
 *
 * The exit code is 0 when all was made, 3 when only the runtime that deno compile downloads is not
 * to be had, 2 for a bad command line and 1 for anything else.
 */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { messageOf } from "../src/base/error_message.ts";
import { forgetChecksum, recordChecksum } from "./compile/checksums.ts";
import {
  COMPILE_TARGETS,
  type CompileTarget,
  hasFormatOf,
  productName,
  runsHere,
  targetOf,
} from "./compile/compile_target.ts";
import {
  denoCompile,
  DENORT_ADVICE,
  DenortUnreachableError,
  fetchPackages,
} from "./compile/deno_compile.ts";
import { checkProduct } from "./compile/product_check.ts";
import { stageProgram } from "./compile/staging.ts";

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

const EXIT_CODES = { made: 0, failed: 1, badCommandLine: 2, noDenort: 3 } as const;

interface Options {
  readonly targets: readonly CompileTarget[];
  readonly outputDir: string;
  /** The Deno that compiles. */
  readonly deno: string;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string", multiple: true, default: [Deno.build.target] },
      output: { type: "string", default: join(PROJECT_DIR, "dist") },
      deno: { type: "string", default: Deno.execPath() },
    },
  });
  const targets = values.target.includes("all") ? COMPILE_TARGETS : values.target.map(targetOf);
  return { targets, outputDir: values.output, deno: values.deno };
}

/** Makes, checks and only then hands out one executable; what it says is printed. */
async function makeProduct(
  target: CompileTarget,
  options: Options,
  stageDir: string,
  includedModules: readonly string[],
): Promise<string> {
  const { deno, outputDir } = options;
  const name = productName(target, manifest.version);
  // An executable of an earlier run must not pass for one that this run failed to make.
  rmSync(join(outputDir, name), { force: true });
  forgetChecksum(outputDir, name);
  const workDir = mkdtempSync(join(tmpdir(), "detcd-compile-"));
  try {
    const outputPath = join(workDir, name);
    await denoCompile({ deno, stageDir, includedModules, target, outputPath });
    if (runsHere(target)) await checkProduct(outputPath, manifest.version);
    else checkFormat(outputPath, target);
    mkdirSync(outputDir, { recursive: true });
    copyFileSync(outputPath, join(outputDir, name));
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
  await recordChecksum(outputDir, name);
  const megabytes = Math.round(statSync(join(outputDir, name)).size / 1e6);
  const proof = runsHere(target)
    ? "serves a put and a get"
    : "not run: it is for another kind of machine";
  return `${join(outputDir, name)} (${megabytes} MB): ${proof}`;
}

function checkFormat(path: string, target: CompileTarget): void {
  const beginning = new Uint8Array(4);
  using file = Deno.openSync(path);
  file.readSync(beginning);
  if (hasFormatOf(target, beginning)) return;
  throw new Error(`deno compile made no ${target.format} file for ${target.triple}`);
}

/** Returns the exit code. */
async function makeAll(options: Options): Promise<number> {
  const stageDir = mkdtempSync(join(tmpdir(), "detcd-stage-"));
  const failures: unknown[] = [];
  try {
    const includedModules = stageProgram(PROJECT_DIR, stageDir);
    await fetchPackages(options.deno, stageDir);
    for (const target of options.targets) {
      try {
        console.log(await makeProduct(target, options, stageDir, includedModules));
      } catch (error) {
        failures.push(error);
        printFailure(error);
      }
    }
  } finally {
    rmSync(stageDir, { recursive: true, force: true });
  }
  if (failures.length === 0) return EXIT_CODES.made;
  const missesDenort = (error: unknown): boolean => error instanceof DenortUnreachableError;
  if (failures.some(missesDenort)) console.error(DENORT_ADVICE);
  return failures.every(missesDenort) ? EXIT_CODES.noDenort : EXIT_CODES.failed;
}

function printFailure(error: unknown): void {
  console.error(messageOf(error));
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(Deno.args);
    if (!existsSync(options.deno)) throw new Error(`--deno: ${options.deno} is not there`);
  } catch (error) {
    printFailure(error);
    return EXIT_CODES.badCommandLine;
  }
  try {
    return await makeAll(options);
  } catch (error) {
    printFailure(error);
    return EXIT_CODES.failed;
  }
}

if (import.meta.main) Deno.exit(await main());
