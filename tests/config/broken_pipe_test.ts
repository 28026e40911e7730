import assert from "node:assert/strict";
import { PROJECT_DIR } from "../harness/programs.ts";

/** What a shell sees of a program that a closed pipe has ended. */
const BROKEN_PIPE_EXIT_CODE = 141;

for (const line of ["--help", "--version", "gateway --help", "grpc-proxy --help", "ctl", "utl"]) {
  Deno.test(`detcd ${line} ends without a word when nobody reads what it prints`, async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `${PROJECT_DIR}/main.ts`, ...line.split(" ")],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stdout.cancel();
    const stderr = await new Response(child.stderr).text();
    assert.equal(stderr, "");
    assert.equal((await child.status).code, BROKEN_PIPE_EXIT_CODE);
  });
}
