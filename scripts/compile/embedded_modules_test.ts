import assert from "node:assert/strict";
import { computedImportLines, namedModules } from "./embedded_modules.ts";

Deno.test("namedModules finds the workers of a module", () => {
  const source = `
    const worker = new Worker(new URL("./hash_worker.ts", import.meta.url), { type: "module" });
    // new URL("./in_a_comment.ts", import.meta.url)
    const other = new URL(
      "../net/other.ts",
      import.meta.url,
    );
    const page = new URL("./page.html", import.meta.url);
    const elsewhere = new URL("./x.ts", base);
  `;
  assert.deepEqual(namedModules(source), ["./hash_worker.ts", "../net/other.ts"]);
});

Deno.test("computedImportLines names only imports without a literal", () => {
  const source = [
    'await import("./literal.ts");',
    "await import(name);",
    'await import(\n  "./also_literal.ts"\n);',
    "await import(`./${name}.ts`);",
    "// await import(comment)",
  ].join("\n");
  assert.deepEqual(computedImportLines(source), [2, 6]);
});
