/** A kind of machine that an executable can be made for. */
export interface CompileTarget {
  /** What `deno compile --target` calls it. */
  readonly triple: string;
  readonly os: string;
  readonly architecture: string;
  /** What the first bytes of its executables say. */
  readonly format: ExecutableFormat;
}

type ExecutableFormat = "ELF" | "PE" | "Mach-O";

function target(
  triple: string,
  os: string,
  architecture: string,
  format: ExecutableFormat,
): CompileTarget {
  return { triple, os, architecture, format };
}

/** All that Deno makes executables for. */
export const COMPILE_TARGETS: readonly CompileTarget[] = [
  target("x86_64-unknown-linux-gnu", "linux", "x86_64", "ELF"),
  target("aarch64-unknown-linux-gnu", "linux", "aarch64", "ELF"),
  target("x86_64-pc-windows-msvc", "windows", "x86_64", "PE"),
  target("aarch64-pc-windows-msvc", "windows", "aarch64", "PE"),
  target("x86_64-apple-darwin", "macos", "x86_64", "Mach-O"),
  target("aarch64-apple-darwin", "macos", "aarch64", "Mach-O"),
];

/** The target with a triple; throws with the list of those there are. */
export function targetOf(triple: string): CompileTarget {
  const found = COMPILE_TARGETS.find((candidate) => candidate.triple === triple);
  if (found !== undefined) return found;
  const known = COMPILE_TARGETS.map((candidate) => candidate.triple).join(", ");
  throw new Error(`--target takes "all" or one of ${known}; not ${triple}`);
}

/** Whether what is made for the target runs on this machine. */
export function runsHere({ triple }: CompileTarget): boolean {
  return triple === Deno.build.target;
}

/** The file name of an executable, as a release shows it. */
export function productName({ os, architecture }: CompileTarget, version: string): string {
  return `detcd-v${version}-${os}-${architecture}${os === "windows" ? ".exe" : ""}`;
}

const FORMAT_BEGINNINGS: Readonly<Record<ExecutableFormat, string>> = {
  "ELF": "7f454c46",
  "PE": "4d5a",
  "Mach-O": "cffaedfe",
};

/** Whether a file begins as executables of the target do. */
export function hasFormatOf({ format }: CompileTarget, beginning: Uint8Array): boolean {
  return beginning.toHex().startsWith(FORMAT_BEGINNINGS[format]);
}
