import assert from "node:assert/strict";
import { join } from "node:path";
import { DenoFileSystem } from "./deno_file_system.ts";
import { DiskError, DiskErrorCode } from "./disk_error.ts";

const moduleUrl = new URL("./deno_file_system.ts", import.meta.url).href;

/** Runs a script in a process of its own; it prints one line when it is ready and waits for input. */
async function withProcess(
  script: string,
  permissions: string[],
  use: (line: string) => void,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--ext=ts", ...permissions, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(script));
  await input.close();
  const output = child.stdout.getReader();
  try {
    use(new TextDecoder().decode((await output.read()).value));
  } finally {
    child.kill("SIGKILL");
    await output.cancel();
    await child.status;
  }
}

Deno.test("DenoFileSystem.tryLock() respects other processes and their death", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "detcd-lock-" });
  const path = join(directory, "db");
  const fileSystem = new DenoFileSystem();
  const script = `
    import { DenoFileSystem } from ${JSON.stringify(moduleUrl)};
    const lock = new DenoFileSystem().tryLock(${JSON.stringify(path)});
    console.log(lock === undefined ? "refused" : "locked");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  `;
  try {
    await withProcess(script, ["-A"], (line) => {
      assert.equal(line.trim(), "locked");
      assert.equal(fileSystem.tryLock(path), undefined);
    });
    const lock = fileSystem.tryLock(path);
    assert.ok(lock !== undefined);
    await withProcess(script, ["-A"], (line) => assert.equal(line.trim(), "refused"));
    lock.release();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("DenoFileSystem says which permission of Deno is missing", async () => {
  const script = `
    import { DenoFileSystem } from ${JSON.stringify(moduleUrl)};
    try {
      new DenoFileSystem().open("/somewhere/file", "create");
    } catch (error) {
      console.log(error.code + "|" + error.message);
    }
  `;
  await withProcess(script, ["--allow-import"], (line) => {
    const [code, message] = line.split("|");
    assert.equal(code, DiskErrorCode.NOT_PERMITTED);
    assert.match(message, /^Cannot open \/somewhere\/file: .*--allow-write/s);
  });
});

Deno.test("DenoFileSystem gives the system's code and what to do", () => {
  const directory = Deno.makeTempDirSync({ prefix: "detcd-disk-" });
  try {
    const fileSystem = new DenoFileSystem();
    assert.throws(() => fileSystem.open(directory, "write"), (error) => {
      assert.ok(error instanceof DiskError);
      assert.equal(error.operation, "open");
      assert.equal(error.path, directory);
      assert.ok(error.cause instanceof Error);
      return true;
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
