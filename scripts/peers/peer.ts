import { fileURLToPath } from "node:url";
import { printedBy, runProgram } from "../run_program.ts";

const PEERS_DIR = fileURLToPath(new URL("../../.peers", import.meta.url));

/** Where the programs stand that tests and bench start. */
export const BIN_DIR = `${PEERS_DIR}/bin`;
/** Where Debian packages are unpacked, as if it were `/`. */
export const ROOT_DIR = `${PEERS_DIR}/root`;
/** The Debian packages as they were fetched. */
export const PACKAGES_DIR = `${PEERS_DIR}/packages`;
/** apt's lists and cache where the system has none. */
export const APT_DIR = `${PEERS_DIR}/apt`;
/** The Go module by which Go programs are built. */
export const GO_DIR = `${PEERS_DIR}/go`;

/** A foreign program, as `deno task peers` gets it. */
export interface Peer {
  readonly program: string;
  /** What it comes from, for people. */
  readonly origin: string;
  /** Arguments by which it says something, if it works at all. */
  readonly trial: readonly string[];
  /** Puts it into the bin folder; returns why that is impossible, or undefined. */
  get(): Promise<string | undefined>;
}

/** Why a program that stands in the bin folder does not work, or undefined if it does. */
export async function whyBroken({ program, trial }: Peer): Promise<string | undefined> {
  // Some programs answer --version with 1, so what counts is that they say something of their own
  // instead of the loader's or the interpreter's complaint about something missing.
  const run = await runProgram(`${BIN_DIR}/${program}`, trial);
  const text = printedBy(run).trim();
  const isBroken = text === "" ||
    /error while loading shared libraries|is not installed|ModuleNotFoundError|ImportError/
      .test(text);
  return isBroken ? `it does not start: ${text}` : undefined;
}

/** Writes a shell script into the bin folder. */
export async function writeWrapper(program: string, lines: readonly string[]): Promise<void> {
  const path = `${BIN_DIR}/${program}`;
  await Deno.writeTextFile(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  await Deno.chmod(path, 0o755);
}
