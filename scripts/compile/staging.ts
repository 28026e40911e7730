import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { computedImportLines, namedModules } from "./embedded_modules.ts";

/** What the executable is made of; tests, tools and documents stay out. */
const PROGRAM_FILES: readonly string[] = ["main.ts", "deno.json", "deno.lock"];
const SOURCE_FOLDER = "src";

/**
 * Copies the program into a folder of its own, where no node_modules and no package.json of the
 * checkout or the folders above it can get into the executable. Returns the modules that have to be
 * named to `deno compile`, as paths in the copy.
 */
export function stageProgram(projectDir: string, stageDir: string): string[] {
  for (const name of PROGRAM_FILES) cpSync(join(projectDir, name), join(stageDir, name));
  const modules = new Set<string>();
  for (const path of programModules(join(projectDir, SOURCE_FOLDER))) {
    const name = relative(projectDir, path);
    mkdirSync(dirname(join(stageDir, name)), { recursive: true });
    cpSync(path, join(stageDir, name));
    if (!path.endsWith(".ts")) continue;
    const source = readFileSync(path, "utf8");
    const [line] = computedImportLines(source);
    if (line !== undefined) {
      throw new Error(
        `${name}:${line}: an import without a literal specifier would be missing in an executable`,
      );
    }
    for (const specifier of namedModules(source)) modules.add(join(dirname(name), specifier));
  }
  return [...modules].sort();
}

function programModules(folder: string): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) paths.push(...programModules(path));
    else if (!entry.name.endsWith("_test.ts")) paths.push(path);
  }
  return paths;
}
