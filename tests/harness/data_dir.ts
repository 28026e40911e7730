import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Lends a place for a data directory, which does not exist yet. */
export async function withDataDir(use: (dataDir: string) => Promise<void>): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), "detcd-data-"));
  try {
    await use(join(parent, "data"));
  } finally {
    rmSync(parent, { recursive: true });
  }
}
