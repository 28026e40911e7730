import assert from "node:assert/strict";
import { boolFlag, durationFlag, int64Flag, onFlag, stringFlag, uintFlag } from "./flag.ts";
import { flagLines } from "./flag_lines.ts";

Deno.test("flagLines() lists flags by name, with the kinds of their values and their defaults", () => {
  const lines = flagLines([
    stringFlag("name", "default", "a name"),
    boolFlag("interactive", "asks", "i"),
    onFlag("safe", "is careful"),
    int64Flag("limit", "a limit"),
    int64Flag("ttl", "a time", 10),
    uintFlag("ops", 128, "a number"),
    durationFlag("timeout", "5s", "a duration"),
    { name: "endpoints", kind: "strings", default: "a:1", usage: "servers" },
    stringFlag("lease", "0", "an ID"),
  ]);
  assert.deepEqual(lines, [
    "      --endpoints strings   servers (default [a:1])",
    "  -i, --interactive         asks",
    '      --lease string        an ID (default "0")',
    "      --limit int           a limit",
    '      --name string         a name (default "default")',
    "      --ops uint            a number (default 128)",
    "      --safe                is careful (default true)",
    "      --timeout duration    a duration (default 5s)",
    "      --ttl int             a time (default 10)",
  ]);
});
