import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT_DIR: string = fileURLToPath(new URL("../..", import.meta.url));

/** Where a foreign program stands: fetched by `deno task peers`, or installed; undefined if neither. */
export function findProgram(name: string): string | undefined {
  const folders = [join(PROJECT_DIR, ".peers", "bin"), ...pathFolders()];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The same, for a caller that cannot go on without it. */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not here: run \`deno task peers\``);
  return path;
}

function pathFolders(): string[] {
  return (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
}
