/**
 * Fails when an import points up the list of rooms, or when a file holds what the house does not
 * want; each message names the file, the line and the rule. Needs only the right to read.
 */

import { fileURLToPath } from "node:url";
import { checkImports, type Complaint } from "./import_rules.ts";
import { checkTidiness } from "./tidy_rules.ts";

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const ENTRY_FILES: readonly string[] = ["main.ts", "mod.ts"];
const FOLDERS: readonly string[] = ["src", "tests", "scripts"];

function isThere(path: string): boolean {
  try {
    Deno.statSync(`${PROJECT_DIR}/${path}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function sourceFiles(folder: string): string[] {
  const files: string[] = [];
  for (const entry of Deno.readDirSync(`${PROJECT_DIR}/${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...sourceFiles(path));
    else if (entry.name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

function main(): void {
  const files = [...ENTRY_FILES, ...FOLDERS].filter(isThere)
    .flatMap((path) => path.endsWith(".ts") ? [path] : sourceFiles(path));
  const complaints: Complaint[] = [];
  for (const file of files) {
    const source = Deno.readTextFileSync(`${PROJECT_DIR}/${file}`);
    complaints.push(...checkImports(file, source), ...checkTidiness(file, source));
  }
  for (const { file, line, rule } of complaints) console.error(`${file}:${line}: ${rule}`);
  console.log(`check_imports: ${files.length} files, ${complaints.length} complaints`);
  if (complaints.length > 0) Deno.exit(1);
}

if (import.meta.main) main();
