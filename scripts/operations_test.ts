import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flagNames } from "../src/embed/config/settings_table.ts";

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = readFileSync(join(PROJECT_DIR, "docs", "OPERATIONS.md"), "utf8");

/** Flags of other programs, and of `detcd ctl` and `detcd utl`, which the document uses. */
const OTHER_FLAGS: readonly string[] = [
  ...["prefix", "user", "endpoints", "cacert", "cert", "key", "no-password", "detail"],
  ...["skip-hash-check", "bump-revision", "mark-compacted", "config-file", "help"],
  ...["target", "check", "quiet", "now", "system", "home-dir", "shell"],
];

function sourceText(folder: string): string {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceText(path);
    return entry.name.endsWith("_test.ts") ? "" : readFileSync(path, "utf8");
  }).join("\n");
}

Deno.test("the operations document names only flags that there are", () => {
  const known = new Set([...flagNames(), ...OTHER_FLAGS]);
  const named = [...DOCUMENT.matchAll(/(?<![\w-])--([a-z][a-z0-9-]+)/g)].map(([, flag]) => flag);
  assert.ok(named.length > 50);
  assert.deepEqual([...new Set(named)].filter((flag) => !known.has(flag)), []);
});

Deno.test("the operations document quotes only messages that the program has", () => {
  const troubleshooting = DOCUMENT.slice(DOCUMENT.indexOf("## Troubleshoot"));
  // A message may be put together from several lines of source, or be another program's.
  const source = sourceText(join(PROJECT_DIR, "src"))
    .replaceAll(/["`]\s*\+\s*["`]/g, "").replaceAll('\\"', '"');
  const foreign = ["connection refused", "context deadline exceeded", "received fatal alert"];
  const rows = [...troubleshooting.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].map(([, cell]) => cell);
  const quoted = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text));
  const messages = quoted.filter((text) =>
    /[a-z]{3} [a-z]/.test(text) && !foreign.some((part) => text.startsWith(part))
  );
  assert.ok(messages.length > 30);
  for (const message of messages) {
    const text = message.replace(/^etcdserver: /, "").replace(/^mvcc: /, "")
      .replace(/^Cannot /, "");
    // What stands for a value in the document stands for another in the program.
    const parts = text.split(
      /\.\.\.?|[()]|"X"|-X|--Y\?|--memory-mlock=true|: EADDRINUSE|\b[NXY]\b|\d+%|755; 700/,
    )
      .map((part) => part.replaceAll(/^[\s():;]+|[\s():;]+$/g, ""))
      .filter((part) => part.length > 3);
    for (const part of parts) assert.ok(source.includes(part), `${message}: ${part}`);
  }
});
