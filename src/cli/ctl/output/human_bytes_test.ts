import assert from "node:assert/strict";
import { humanBytes } from "./human_bytes.ts";

Deno.test("humanBytes() writes sizes as go-humanize does", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [9, "9 B"],
    [10, "10 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1540, "1.5 kB"],
    [9949, "9.9 kB"],
    [9950, "10 kB"],
    [20_480, "20 kB"],
    [21_500, "22 kB"],
    [16_805_888, "17 MB"],
    [2_147_483_648, "2.1 GB"],
  ];
  for (const [sizeBytes, text] of cases) assert.equal(humanBytes(sizeBytes), text);
});
