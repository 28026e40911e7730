import assert from "node:assert/strict";
import { suitesOf } from "./suites.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;

Deno.test("suitesOf() leaves out no test, and has none twice", () => {
  const listed = new Deno.Command("git", { args: ["ls-files", "*_test.ts"], cwd: PROJECT });
  const files = new TextDecoder().decode(listed.outputSync().stdout).trim().split("\n");
  assert.ok(files.length > 100);
  const folders = suitesOf(PROJECT).flatMap(({ paths }) => paths);
  for (const file of files) {
    const suites = folders.filter((folder) => file.startsWith(`${folder}/`));
    assert.equal(suites.length, 1, `${file} is in ${suites.join(" and ") || "no suite"}`);
  }
});

Deno.test("suitesOf() has the examples of every documented file", () => {
  const folders = suitesOf(PROJECT).flatMap(({ paths }) => paths);
  for (const path of ["mod.ts", "README.md", "src/base", "src/embed"]) {
    assert.ok(folders.includes(path), path);
  }
});
