import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

function textOf(path: string): string {
  return readFileSync(join(PROJECT_DIR, path), "utf8");
}

Deno.test("documents and the changelog speak of the version in deno.json", () => {
  const [, newest] = /^## (\S+)/m.exec(textOf("CHANGELOG.md")) ?? [];
  assert.equal(newest, manifest.version);
  for (const path of ["README.md", "docs/OPERATIONS.md"]) {
    const named = [...textOf(path).matchAll(/\bdetcd[/-]v(\d+\.\d+\.\d+)/g)];
    assert.ok(named.length > 0, path);
    for (const [, version] of named) assert.equal(version, manifest.version, path);
  }
});

Deno.test("everything that names a version of Deno names the same", () => {
  const files = ["README.md", "docs/OPERATIONS.md", ".ci/run", "scripts/packaging/Dockerfile"];
  const versions = files.flatMap((path) => {
    const named = [...textOf(path).matchAll(/deno(?:@|:debian-)(\d+\.\d+\.\d+)/g)];
    assert.ok(named.length > 0, path);
    return named.map(([, version]) => version);
  });
  assert.equal(new Set(versions).size, 1, versions.join(", "));
});
