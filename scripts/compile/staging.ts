import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { computedImportLines, namedModules } from "./embedded_modules.ts";

/** What the executable is made of; tests, tools and documents stay out. */
const PROGRAM_FILES: readonly string[] = ["main.ts", "deno.lock"];
const CONFIG_FILE = "deno.json";
const SOURCE_FOLDER = "src";
const LAZY_IMPORTS = "lazy-dynamic-imports";

/**
 * Copies the program into a folder of its own, where no node_modules and no package.json of the
 * checkout or the folders above it can get into the executable. Returns the modules that have to be
 * named to `deno compile`, as paths in the copy.
 */
export function stageProgram(projectDir: string, stageDir: string): string[] {
  for (const name of PROGRAM_FILES) cpSync(join(projectDir, name), join(stageDir, name));
  stageConfig(projectDir, stageDir);
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

/**
 * What is imported dynamically must be in the executable, so the feature by which `deno run` looks
 * for it only when it is wanted is left out.
 */
function stageConfig(projectDir: string, stageDir: string): void {
  const config: { unstable?: string[] } = JSON.parse(
    readFileSync(join(projectDir, CONFIG_FILE), "utf8"),
  );
  const unstable = (config.unstable ?? []).filter((feature) => feature !== LAZY_IMPORTS);
  writeFileSync(join(stageDir, CONFIG_FILE), JSON.stringify({ ...config, unstable }, null, 2));
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
