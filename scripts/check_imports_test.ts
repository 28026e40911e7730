import assert from "node:assert/strict";
import { checkImports, importsOf } from "./import_rules.ts";
import { partSource } from "./source_text.ts";
import { checkTidiness } from "./tidy_rules.ts";

function importLine(specifier: string, isTypeOnly = false): string {
  return `import ${isTypeOnly ? "type " : ""}{ x } from "${specifier}";\n`;
}

/** file, what it imports, whether only a type, and what the complaint must say (none if undefined). */
const ARROWS: readonly (readonly [string, string, string | undefined, boolean?])[] = [
  ["src/base/heap.ts", "./clock.ts", undefined],
  ["src/base/heap.ts", "../pb/writer.ts", "base -> pb points up"],
  ["src/pb/writer.ts", "../base/bytes.ts", undefined],
  ["src/core/mvcc/store.ts", "../../pb/mvccpb.ts", undefined],
  ["src/core/mvcc/store.ts", "../errors.ts", undefined],
  ["src/core/mvcc/store.ts", "../../disk/wal/wal.ts", "core -> disk points up"],
  ["src/core/mvcc/store.ts", "../lease/lessor.ts", undefined, true],
  ["src/core/mvcc/store.ts", "../lease/lessor.ts", "types of lease only"],
  ["src/core/lease/lessor.ts", "../mvcc/store.ts", "do not import each other", true],
  ["src/core/lease/lessor_test.ts", "../mvcc/store.ts", undefined],
  ["src/server/detcd_version.ts", "../../deno.json", undefined],
  ["src/core/errors.ts", "./mvcc/store.ts", "knows no room"],
  ["src/core/mvcc/store.ts", "node:fs", "no I/O"],
  ["src/core/mvcc/store_test.ts", "node:assert/strict", undefined],
  ["src/disk/wal/wal.ts", "../../core/raft/node.ts", undefined],
  ["src/disk/wal/wal.ts", "../../net/listener.ts", "neighbours"],
  ["src/net/listener.ts", "../disk/wal/wal.ts", "neighbours"],
  ["src/net/grpc/server.ts", "../../pb/writer.ts", "net knows nothing of pb"],
  ["src/net/grpc/server.ts", "../../core/errors.ts", "net knows nothing of core"],
  ["src/net/grpc/server.ts", "../../base/bytes.ts", undefined],
  ["src/peer/stream.ts", "../net/listener.ts", undefined],
  ["src/peer/stream.ts", "../server/member.ts", "peer -> server points up"],
  ["src/server/member.ts", "../api/kv.ts", "server -> api points up"],
  ["src/api/kv.ts", "../embed/config.ts", "api -> embed points up"],
  ["src/embed/config.ts", "../cli/serve.ts", "embed -> cli points up"],
  ["src/cli/serve.ts", "../embed/config.ts", undefined],
  ["src/cli/serve.ts", "../../mod.ts", "does not look outside"],
  ["src/api/kv.ts", "npm:yaml@2.0.0", "only src/deps may name an npm package"],
  ["tests/kv_test.ts", "npm:yaml@2.0.0", "only src/deps may name an npm package"],
  ["src/deps/yaml.ts", "npm:yaml@2.0.0", undefined],
  ["src/base/heap.ts", "../deps/yaml.ts", undefined],
  ["src/deps/yaml.ts", "../base/heap.ts", "only re-exports"],
  ["src/api/kv.ts", "jsr:@std/yaml", "nothing but npm and node"],
  ["src/api/kv.ts", "@std/yaml", "bare name"],
  ["src/attic/x.ts", "../base/heap.ts", "no room of the house"],
  ["main.ts", "./src/cli/serve.ts", undefined],
  ["main.ts", "./src/embed/config.ts", "only src/cli is allowed"],
  ["mod.ts", "./src/embed/config.ts", undefined],
  ["mod.ts", "./src/base/heap.ts", "only src/embed is allowed"],
];

Deno.test("checkImports() judges every kind of arrow", () => {
  for (const [file, specifier, wanted, isTypeOnly] of ARROWS) {
    const complaints = checkImports(file, importLine(specifier, isTypeOnly));
    const name = `${file} imports ${specifier}`;
    if (wanted === undefined) assert.deepEqual(complaints, [], name);
    else {
      assert.equal(complaints.length, 1, name);
      assert.ok(complaints[0].rule.includes(wanted), `${name}: ${complaints[0].rule}`);
    }
  }
});

Deno.test("importsOf() finds every form of import and none in comments or strings", () => {
  const source = [
    'import "a";',
    'import b from "b";',
    'import * as c from "c";',
    'import { d, type D } from "d";',
    'import type { E } from "e";',
    'export * from "f";',
    'export {\n  g,\n} from "g";',
    'const h = await import("h");',
    '// import "no1";',
    '/* import "no2"; */',
    "const text = 'import \"no3\";';",
    'const other = `import "no4";`;',
    'export const from = "no5";',
    'import i, { j } from "i";',
  ].join("\n");
  const found = importsOf(source);
  assert.deepEqual(found.map((each) => each.specifier), [..."abcdefghi"]);
  assert.deepEqual(found.filter((each) => each.isTypeOnly).map((each) => each.specifier), ["e"]);
  assert.equal(found[1].line, 2);
});

/** file, text, and what the complaint must say (none if undefined). */
const TEXTS: readonly (readonly [string, string, string | undefined])[] = [
  ["src/api/kv.ts", "const x = y as any;", "`any`"],
  ["src/api/kv.ts", "function f(x: any): void {}", "`any`"],
  ["src/api/kv.ts", "const x: Array<any> = [];", "`any`"],
  ["src/api/kv.ts", "const x: any[] = [];", "`any`"],
  ["src/api/kv.ts", "const x: string | any = 1;", "`any`"],
  ["src/api/kv.ts", "const anyone: many = 1; // as any", undefined],
  ["src/api/kv.ts", 'const x = "y as any";', undefined],
  ["src/api/kv.ts", "const x = `a ${y as any} b`;", "`any`"],
  ["src/api/kv.ts", "const x = /: any/;", undefined],
  ["src/api/kv.ts", "const promise: Promise<void> = Promise.any(x);", undefined],
  ["src/api/kv.ts", "// @ts-ignore because", "@ts comment"],
  ["src/api/kv.ts", "/* TODO later */", "unfinished"],
  ["src/api/kv.ts", 'const x = "TODO";', undefined],
  ["src/api/kv.ts", "console.log(1);", "console"],
  ["src/cli/serve.ts", "console.log(1);", undefined],
  ["scripts/x.ts", "console.log(1);", undefined],
  ["src/api/kv_test.ts", "Deno.test.only(() => {});", "only"],
  ["src/api/kv_test.ts", "Deno.test({ only: true });", "only"],
  ["src/core/mvcc/store.ts", "const now = Date.now();", "core has no"],
  ["src/core/mvcc/store.ts", "async function f() {}", "core has no"],
  ["src/core/mvcc/store_test.ts", "const now = performance.now();", undefined],
  ["src/disk/wal.ts", "const now = performance.now();", undefined],
  ["src/api/index.ts", "", "name says"],
  ["src/api/keyValue.ts", "", "snake_case"],
];

Deno.test("checkTidiness() finds what the house bans and nothing in prose", () => {
  for (const [file, text, wanted] of TEXTS) {
    const complaints = checkTidiness(file, text);
    if (wanted === undefined) assert.deepEqual(complaints, [], text);
    else {
      assert.equal(complaints.length, 1, `${file}: ${text}`);
      assert.ok(complaints[0].rule.includes(wanted), complaints[0].rule);
    }
  }
});

Deno.test("partSource() keeps offsets and parts code from the rest", () => {
  const source = 'a / b; // c\nconst d = "e\\"f"; /* g\nh */ i = /[/"]/g; j = `k${l}m`;';
  const parts = partSource(source);
  const parted = [parts.code, parts.codeAndStrings, parts.comments];
  for (const part of parted) assert.equal(part.length, source.length);
  assert.deepEqual(parts.code.split(/\s+/), [
    ..."a/b;".replace("/", " / ").split(" "),
    "const",
    "d",
    "=",
    ";",
    "i",
    "=",
    "g;",
    "j",
    "=",
    "l",
    ";",
  ]);
  assert.ok(parts.comments.includes("// c") && parts.comments.includes("/* g\nh */"));
  assert.ok(!parts.comments.includes("d"));
});
