import assert from "node:assert/strict";
import type { Profiler, Runtime } from "node:inspector";
import { cpuStacks, heapStacks } from "./v8_profiles.ts";

function callFrame(functionName: string, url = ""): Runtime.CallFrame {
  return { functionName, url, scriptId: "1", lineNumber: 1, columnNumber: 1 };
}

const CPU_PROFILE: Profiler.Profile = {
  startTime: 1_000,
  endTime: 11_000,
  nodes: [
    { id: 1, callFrame: callFrame("(root)"), children: [2, 4] },
    { id: 2, callFrame: callFrame("serve", "file:///src/my%20server.ts"), children: [3] },
    { id: 3, callFrame: callFrame("", "file:///src/put.ts") },
    { id: 4, callFrame: callFrame("(idle)") },
  ],
  samples: [3, 4, 2, 3],
  timeDeltas: [1_000, 2_000, 3_000, 1_000],
};

Deno.test("cpuStacks() gives each stack the time until the next sample, and idle time to none", () => {
  const { samples, durationMs } = cpuStacks(CPU_PROFILE, 0);
  const serve = { functionName: "serve", file: "/src/my server.ts" };
  const put = { functionName: "(anonymous in put.ts)", file: "/src/put.ts" };
  assert.deepEqual(samples, [
    { frames: [put, serve], values: [2, 5_000_000] },
    { frames: [serve], values: [1, 1_000_000] },
  ]);
  assert.equal(durationMs, 10);
});

Deno.test("cpuStacks() makes nothing of a profile without samples", () => {
  const { samples } = cpuStacks({ startTime: 0, endTime: 1, nodes: [] }, 0);
  assert.deepEqual(samples, []);
});

Deno.test("heapStacks() tells what each stack has allocated", () => {
  const leaf = { callFrame: callFrame("put", "https://host/put.ts"), selfSize: 100, children: [] };
  const serve = { callFrame: callFrame("serve"), selfSize: 0, children: [leaf] };
  const head = { callFrame: callFrame("(root)"), selfSize: 7, children: [serve] };
  const { samples } = heapStacks({ head }, 0);
  assert.deepEqual(samples, [
    { frames: [{ functionName: "(root)", file: "" }], values: [7] },
    {
      frames: [
        { functionName: "put", file: "https://host/put.ts" },
        { functionName: "serve", file: "" },
      ],
      values: [100],
    },
  ]);
});
