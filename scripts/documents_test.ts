import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

/** Folders whose files documents speak of by their path from the project's own folder. */
const TOP_FOLDERS = "src|tests|scripts|docs|proto";

/** The rooms of `src`, by whose names documents begin the paths of files in them. */
const ROOMS = readdirSync(join(PROJECT_DIR, "src")).join("|");

/** All documents, as paths from the project's own folder. */
const DOCUMENTS: readonly string[] = [
  ...["README.md", "CHANGELOG.md"],
  ...globSync("docs/**/*.md", { cwd: PROJECT_DIR }),
];

function textOf(path: string): string {
  return readFileSync(join(PROJECT_DIR, path), "utf8");
}

/** `a/{b,c}.ts` is both `a/b.ts` and `a/c.ts`. */
function alternatives(path: string): string[] {
  const [whole, choices] = /\{([^{}]*)\}/.exec(path) ?? [];
  if (whole === undefined) return [path];
  return choices.split(",").flatMap((choice) => alternatives(path.replace(whole, choice)));
}

function isThere(path: string): boolean {
  return globSync(path, { cwd: PROJECT_DIR }).length > 0;
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return new Set(
    headings.map((heading) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
    ),
  );
}

Deno.test("documents name only files that are there", () => {
  const named = new RegExp(`\`((?:${TOP_FOLDERS})/[^\` ]+)\``, "g");
  const missing: string[] = [];
  let count = 0;
  for (const document of DOCUMENTS) {
    for (const [, path] of textOf(document).matchAll(named)) {
      for (const file of alternatives(path)) {
        count++;
        if (!isThere(file)) missing.push(`${document}: ${file}`);
      }
    }
  }
  assert.ok(count > 100);
  assert.deepEqual(missing, []);
});

Deno.test("documents name files of src by the room that they are in", () => {
  const named = new RegExp(`(?<![\\w/.])((?:${ROOMS})/[a-z0-9_/]+\\.ts)`, "g");
  const missing: string[] = [];
  let count = 0;
  for (const document of DOCUMENTS) {
    for (const [, path] of textOf(document).matchAll(named)) {
      count++;
      if (!isThere(`src/${path}`)) missing.push(`${document}: ${path}`);
    }
  }
  assert.ok(count > 30);
  assert.deepEqual(missing, []);
});

Deno.test("documents link to what is there", () => {
  const broken: string[] = [];
  let count = 0;
  for (const document of DOCUMENTS) {
    for (const [link, path, anchor] of textOf(document).matchAll(/\]\(([^):#]*)(?:#([^)]*))?\)/g)) {
      count++;
      const target = path === "" ? document : join(dirname(document), path);
      const isFound = existsSync(join(PROJECT_DIR, target)) &&
        (anchor === undefined || anchorsOf(textOf(target)).has(anchor));
      if (!isFound) broken.push(`${document}: ${link}`);
    }
  }
  assert.ok(count > 30);
  assert.deepEqual(broken, []);
});
