import { join } from "node:path";

/** Tests that run in one process. */
export interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
}

/** Of these folders every folder in them is a suite; their examples in comments are tests as well. */
const ROOTS = ["tests", "src"];

/**
 * What takes longest goes first, lest one process works on at the end while the other has nothing
 * left to do.
 */
const LONGEST = ["tests/behaviour", "tests/stress", "tests/ctl", "tests/history"];

/** What the examples of the documents start listens where everything listens by default. */
const WITH_DOCUMENTS = "src/embed";
const DOCUMENTS = ["mod.ts", "README.md"];

/** All suites of the project in `directory`, in the order in which they are to be begun. */
export function suitesOf(directory: string): readonly Suite[] {
  const folders = ROOTS.flatMap((root) => foldersIn(directory, root)).concat("scripts");
  const rest = folders.filter((folder) => !LONGEST.includes(folder));
  return [...LONGEST, ...rest].map((folder) => {
    const paths = folder === WITH_DOCUMENTS ? [folder, ...DOCUMENTS] : [folder];
    return { name: paths.join(" "), paths };
  });
}

function foldersIn(directory: string, root: string): string[] {
  return Array.from(Deno.readDirSync(join(directory, root)))
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${root}/${name}`)
    .sort();
}
