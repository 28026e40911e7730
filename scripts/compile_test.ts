import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };
import { fileSha256 } from "./compile/checksums.ts";
import { COMPILE_TARGETS, productName, targetOf } from "./compile/compile_target.ts";

const SCRIPT = fileURLToPath(new URL("./compile.ts", import.meta.url));
const MAIN_MODULE = fileURLToPath(new URL("../main.ts", import.meta.url));
const FOREIGN_TARGET = COMPILE_TARGETS.find(({ triple }) => triple !== Deno.build.target);

/** The fakes are shell scripts. */
const hasNoShell = Deno.build.os === "windows";

interface CompileRun {
  readonly exitCode: number;
  readonly errors: string;
  readonly outputDir: string;
  /** The arguments of `deno compile`. */
  readonly compileArgs: readonly string[];
}

/** A product that runs the program as deno does, so that its check has something real to check. */
const WORKING_PRODUCT =
  `#!/bin/sh\nexec '${Deno.execPath()}' run -A --quiet '${MAIN_MODULE}' "$@"\n`;

const PROMPT_PRODUCT =
  `#!/bin/sh\necho 'Deno ${Deno.version.deno}'\necho 'exit using ctrl+d, ctrl+c, or close()'\n`;

/** Runs the script with a deno that is real but for \`compile\`, which puts a text into a file. */
async function compileWith(
  compileCommand: (outputDir: string) => string,
  args: readonly string[],
  check: (run: CompileRun) => void | Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const scratchDir = mkdtempSync(join(tmpdir(), "detcd-compile-test-"));
  try {
    const outputDir = join(scratchDir, "dist");
    const deno = join(scratchDir, "deno");
    const argsFile = join(scratchDir, "args");
    writeFileSync(
      deno,
      [
        "#!/bin/sh",
        `if [ "$1" != compile ]; then exec '${Deno.execPath()}' "$@"; fi`,
        `for word; do echo "$word" >> '${argsFile}'; done`,
        'while [ "$1" != --output ]; do shift; done',
        "output=$2",
        compileCommand(scratchDir),
        "",
      ].join("\n"),
    );
    chmodSync(deno, 0o755);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, `--deno=${deno}`, `--output=${outputDir}`, ...args],
      env: { NO_COLOR: "1", TMPDIR: scratchDir, ...env },
    });
    const { code, stderr } = await command.output();
    const compileArgs = existsSync(argsFile) ? readFileSync(argsFile, "utf8").split("\n") : [];
    await check({
      exitCode: code,
      errors: new TextDecoder().decode(stderr),
      outputDir,
      compileArgs,
    });
    const leftovers = readdirSync(scratchDir).filter((name) => name.startsWith("detcd-"));
    assert.deepEqual(leftovers, [], "temporary folders are removed");
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

/** The shell command by which the fake deno makes its product. */
function making(product: string): (scratchDir: string) => string {
  return (scratchDir) => {
    const path = join(scratchDir, "product");
    writeFileSync(path, product);
    chmodSync(path, 0o755);
    return `cp '${path}' "$output"`;
  };
}

function productsIn({ outputDir }: CompileRun): string[] {
  return existsSync(outputDir) ? readdirSync(outputDir).sort() : [];
}

const UNREACHABLE = [
  "error: Writing deno compile executable to temporary file",
  "Caused by:",
  "    0: Setting up base binary.",
  "    1: error sending request for url (https://example.invalid/denort.zip): dns error",
];

Deno.test({
  name: "compile hands out a product that serves, with its checksum",
  ignore: hasNoShell,
  fn: () =>
    compileWith(making(WORKING_PRODUCT), [], async (run) => {
      assert.equal(run.errors, "");
      assert.equal(run.exitCode, 0);
      const name = productName(targetOf(Deno.build.target), manifest.version);
      assert.deepEqual(productsIn(run), ["SHA256SUMS", name]);
      const sums = readFileSync(join(run.outputDir, "SHA256SUMS"), "utf8");
      assert.equal(sums, `${await fileSha256(join(run.outputDir, name))}  ${name}\n`);
      assert.ok(run.compileArgs.includes("--allow-all"));
      const included = run.compileArgs[run.compileArgs.indexOf("--include") + 1];
      assert.equal(included, "src/server/auth/password_worker.ts");
      const excluded = run.compileArgs[run.compileArgs.indexOf("--exclude") + 1];
      assert.match(excluded, /bintrees.*test$/, "a folder that Deno's parser dies of");
    }),
});

Deno.test({
  name: "compile keeps a Deno prompt from passing for detcd",
  ignore: hasNoShell,
  fn: () =>
    compileWith(making(PROMPT_PRODUCT), [], (run) => {
      assert.equal(run.exitCode, 1);
      assert.match(run.errors, /is not detcd .*DENORT_BIN must name a denort/s);
      assert.deepEqual(productsIn(run), []);
    }, { DENORT_BIN: "/usr/bin/deno" }),
});

Deno.test({
  name: "compile says when a product of ours does not serve",
  ignore: hasNoShell,
  fn: () =>
    compileWith(
      making(WORKING_PRODUCT.replace("#!/bin/sh\n", '#!/bin/sh\n[ "$1" = ctl ] && exit 7\n')),
      [],
      (run) => {
        assert.equal(run.exitCode, 1);
        assert.match(run.errors, /the executable fails at `ctl .* put greeting hello`/);
        assert.deepEqual(productsIn(run), []);
      },
    ),
});

Deno.test({
  name: "compile says why a product of ours ended",
  ignore: hasNoShell,
  fn: () =>
    compileWith(
      making(WORKING_PRODUCT.replace("#!/bin/sh\n", '#!/bin/sh\n[ "$1" = --version ] || exit 7\n')),
      [],
      (run) => {
        assert.equal(run.exitCode, 1);
        assert.match(run.errors, /the executable ended; its log ends: \(no log/);
        assert.deepEqual(productsIn(run), []);
      },
    ),
});

Deno.test({
  name: "compile tells a runtime out of reach from a failure, by its exit code too",
  ignore: hasNoShell,
  async fn() {
    const failWith = (lines: readonly string[]) => () =>
      `${lines.map((line) => `echo '${line}' >&2`).join("\n")}\ntouch "$output.tmp-1"\nexit 1`;
    await compileWith(failWith(UNREACHABLE), [], (run) => {
      assert.equal(run.exitCode, 3);
      assert.match(run.errors, /denort" cannot be downloaded\n {2}error sending request/);
      assert.match(run.errors, /dl\/release\/v/);
      assert.deepEqual(productsIn(run), []);
    });
    await compileWith(failWith(["error: Module not found"]), [], (run) => {
      assert.equal(run.exitCode, 1);
      assert.match(run.errors, /deno compile failed for .*:\nerror: Module not found/);
      assert.deepEqual(productsIn(run), []);
    });
  },
});

Deno.test({
  name: "compile removes the product of an earlier run that it cannot make again",
  ignore: hasNoShell,
  fn: () => {
    const name = productName(targetOf(Deno.build.target), manifest.version);
    const failing = (scratchDir: string): string => {
      const outputDir = join(scratchDir, "dist");
      mkdirSync(outputDir);
      writeFileSync(join(outputDir, name), "of yesterday");
      writeFileSync(join(outputDir, "SHA256SUMS"), `${"0".repeat(64)}  ${name}\n`);
      return "exit 1";
    };
    return compileWith(failing, [], (run) => {
      assert.equal(run.exitCode, 1);
      assert.deepEqual(productsIn(run), ["SHA256SUMS"]);
      assert.equal(readFileSync(join(run.outputDir, "SHA256SUMS"), "utf8"), "");
    });
  },
});

Deno.test({
  name: "compile takes for another kind of machine only what is made for it",
  ignore: hasNoShell || FOREIGN_TARGET === undefined,
  async fn() {
    const triple = FOREIGN_TARGET?.triple ?? "";
    await compileWith(making(WORKING_PRODUCT), [`--target=${triple}`], (run) => {
      assert.equal(run.exitCode, 1);
      assert.match(run.errors, /made no \S+ file/);
      assert.deepEqual(productsIn(run), []);
    });
    await compileWith(making(WORKING_PRODUCT), [`--target=${triple}`], (run) => {
      assert.equal(run.exitCode, 1);
      assert.match(run.errors, /cannot be checked on this machine/);
    }, { DENORT_BIN: "/usr/bin/denort" });
  },
});

Deno.test("compile gets through deno compile itself, and sees what the deno program makes", async () => {
  const outputDir = mkdtempSync(join(tmpdir(), "detcd-compile-test-"));
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, `--output=${outputDir}`],
      env: { NO_COLOR: "1", DENORT_BIN: Deno.execPath() },
    });
    const { code, stderr } = await command.output();
    assert.match(new TextDecoder().decode(stderr), /the executable is not detcd .*deno/);
    assert.equal(code, 1);
    assert.deepEqual(readdirSync(outputDir), []);
  } finally {
    rmSync(outputDir, { recursive: true, force: true });
  }
});

Deno.test("compile refuses a target that Deno does not know", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, "--target=mips-unknown-linux-gnu"],
  });
  const { code, stderr } = await command.output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /--target takes "all" or one of x86_64-unknown/);
});
