import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The file of checksums, in the form that `sha256sum --check` reads. */
const CHECKSUMS_FILE = "SHA256SUMS";

/** The SHA-256 of a file of any size, in hexadecimal. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** Files the checksum of a product, in place of an older one. */
export async function recordChecksum(folder: string, name: string): Promise<void> {
  const sum = await fileSha256(join(folder, name));
  writeLines(folder, [...linesWithout(folder, name), `${sum}  ${name}`]);
}

/** Forgets the checksum of a product that is not there any more. */
export function forgetChecksum(folder: string, name: string): void {
  if (existsSync(join(folder, CHECKSUMS_FILE))) writeLines(folder, linesWithout(folder, name));
}

function linesWithout(folder: string, name: string): string[] {
  const path = join(folder, CHECKSUMS_FILE);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.endsWith(`  ${name}`));
}

function writeLines(folder: string, lines: readonly string[]): void {
  const byName = lines.toSorted((a, b) => a.slice(64) < b.slice(64) ? -1 : 1);
  writeFileSync(join(folder, CHECKSUMS_FILE), byName.map((line) => `${line}\n`).join(""));
}
