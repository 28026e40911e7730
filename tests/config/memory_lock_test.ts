import assert from "node:assert/strict";
import { ServerProcess } from "../harness/server_process.ts";

/** How many KiB of a process cannot be swapped out. */
async function lockedKib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmLck:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

Deno.test({
  name: "--memory-mlock keeps the member's memory from being swapped out",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const server = await ServerProcess.start("detcd", { flags: ["--memory-mlock"] })
      .catch((error) => String(error));
    if (typeof server === "string") {
      // Where the system's limit is too low, the server says so and does not run.
      assert.match(server, /the system does not let this process lock its memory/);
      return;
    }
    try {
      // All that the process uses, and not just something of it.
      assert(await lockedKib(server.pid) > 30 * 1024);
    } finally {
      await server.dispose();
    }
  },
});
