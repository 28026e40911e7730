import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../config/errors.ts";
import { RotatingFile } from "./rotating_file.ts";
import { type LogRotationConfig, parseLogRotation } from "./rotation_config.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 15, 4, 5, 0);
const MS_PER_DAY = 24 * 3_600_000;

const CONFIG: LogRotationConfig = {
  maxBytes: 10,
  maxAgeDays: 0,
  maxBackups: 0,
  isLocalTime: false,
  isCompressed: false,
};

async function inFolder(use: (folder: string, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder, join(folder, "etcd.log"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function write(file: RotatingFile, ...lines: string[]): void {
  for (const line of lines) file.writeSync(new TextEncoder().encode(line));
}

Deno.test("RotatingFile puts a full file aside under the time", async () => {
  await inFolder(async (folder, path) => {
    const file = new RotatingFile(path, CONFIG, () => NOW_MS);
    write(file, "one\n", "two\n", "three\n", "four\n", "five\n");
    await file.tidied();
    file.close();
    assert.deepEqual(namesIn(folder), [
      "etcd-2026-01-02T15-04-05.000.log",
      "etcd-2026-01-02T15-04-05.001.log",
      "etcd.log",
    ]);
    const texts = namesIn(folder).map((name) => Deno.readTextFileSync(join(folder, name)));
    assert.deepEqual(texts, ["one\ntwo\n", "three\n", "four\nfive\n"]);
  });
});

Deno.test("RotatingFile appends to the file that is there, for its owner only", async () => {
  await inFolder(async (folder, path) => {
    for (const line of ["one\n", "two\n"]) {
      const file = new RotatingFile(path, CONFIG, () => NOW_MS);
      write(file, line);
      await file.tidied();
      file.close();
    }
    assert.deepEqual(namesIn(folder), ["etcd.log"]);
    assert.equal(Deno.readTextFileSync(path), "one\ntwo\n");
    if (Deno.build.os !== "windows") assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  });
});

Deno.test("RotatingFile counts what is in the file that is there", async () => {
  await inFolder(async (folder, path) => {
    Deno.writeTextFileSync(path, "the past");
    const file = new RotatingFile(path, CONFIG, () => NOW_MS);
    write(file, "now");
    await file.tidied();
    file.close();
    assert.deepEqual(namesIn(folder), ["etcd-2026-01-02T15-04-05.000.log", "etcd.log"]);
    assert.equal(Deno.readTextFileSync(path), "now");
  });
});

Deno.test("RotatingFile removes the oldest files first and leaves others alone", async () => {
  await inFolder(async (folder, path) => {
    Deno.writeTextFileSync(join(folder, "etcd-notes.log"), "");
    let nowMs = NOW_MS;
    const file = new RotatingFile(path, { ...CONFIG, maxBackups: 2 }, () => nowMs);
    for (let day = 0; day < 4; day++, nowMs += MS_PER_DAY) {
      write(file, "all day.\n");
      await file.tidied();
    }
    await file.tidied();
    file.close();
    assert.deepEqual(namesIn(folder), [
      "etcd-2026-01-04T15-04-05.000.log",
      "etcd-2026-01-05T15-04-05.000.log",
      "etcd-notes.log",
      "etcd.log",
    ]);
  });
});

Deno.test("RotatingFile removes what is too old when it is opened", async () => {
  await inFolder(async (folder, path) => {
    Deno.writeTextFileSync(join(folder, "etcd-2025-12-30T15-04-04.000.log"), "");
    Deno.writeTextFileSync(join(folder, "etcd-2025-12-30T15-04-06.000.log.gz"), "");
    const file = new RotatingFile(path, { ...CONFIG, maxAgeDays: 3 }, () => NOW_MS);
    await file.tidied();
    file.close();
    assert.deepEqual(namesIn(folder), ["etcd-2025-12-30T15-04-06.000.log.gz", "etcd.log"]);
  });
});

Deno.test("RotatingFile looks after the other old files when one cannot be compressed", async () => {
  await inFolder(async (folder, path) => {
    const names = [1, 2, 3].map((day) => `etcd-2025-12-0${day}T00-00-00.000.log`);
    for (const name of names) Deno.writeTextFileSync(join(folder, name), "the past\n");
    Deno.mkdirSync(join(folder, `${names[2]}.gz`));
    const config = { ...CONFIG, maxBackups: 2, isCompressed: true };
    const file = new RotatingFile(path, config, () => NOW_MS);
    await file.tidied();
    file.close();
    assert.deepEqual(namesIn(folder), [
      `${names[1]}.gz`,
      names[2],
      `${names[2]}.gz`,
      "etcd.log",
    ]);
  });
});

Deno.test("RotatingFile compresses old files and can name them by local time", async () => {
  await inFolder(async (folder, path) => {
    const config = { ...CONFIG, isCompressed: true, isLocalTime: true };
    const file = new RotatingFile(path, config, () => NOW_MS);
    write(file, "the past\n", "now\n");
    await file.tidied();
    file.close();
    const [old] = namesIn(folder);
    assert.match(old, /^etcd-2026-01-0\dT\d\d-04-05\.000\.log\.gz$/);
    const stream = (await Deno.open(join(folder, old))).readable
      .pipeThrough(new DecompressionStream("gzip"));
    assert.equal(await new Response(stream).text(), "the past\n");
  });
});

Deno.test("parseLogRotation() reads megabytes and days", () => {
  assert.deepEqual(
    parseLogRotation('{"maxsize": 2, "MaxAge": 3, "maxbackups": 4, "localtime": true, "x": 1}'),
    {
      maxBytes: 2 * 1024 * 1024,
      maxAgeDays: 3,
      maxBackups: 4,
      isLocalTime: true,
      isCompressed: false,
    },
  );
  assert.equal(parseLogRotation("{}").maxBytes, 100 * 1024 * 1024);
});

Deno.test("parseLogRotation() refuses what Go's reader refuses, in its words", () => {
  const field = "Go struct field logRotationConfig.Logger";
  const cases: [string, string][] = [
    [
      "x",
      "improperly formatted log rotation config: invalid character 'x' looking for beginning of value",
    ],
    ["", "improperly formatted log rotation config: unexpected end of JSON input"],
    ['{"maxsize": 1', "improperly formatted log rotation config: unexpected end of JSON input"],
    [
      '{"maxsize": "a"}',
      `invalid log rotation config: json: cannot unmarshal string into ${field}.maxsize of type int`,
    ],
    [
      '{"maxage": 1.5}',
      `invalid log rotation config: json: cannot unmarshal number 1.5 into ${field}.maxage of type int`,
    ],
    [
      '{"compress": 1}',
      `invalid log rotation config: json: cannot unmarshal number into ${field}.compress of type bool`,
    ],
    [
      "[]",
      "invalid log rotation config: json: cannot unmarshal array into Go value of type embed.logRotationConfig",
    ],
    ['{"maxbackups": -1}', "invalid log rotation config: maxbackups must not be negative"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseLogRotation(text), (error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.message, message, text);
      return true;
    });
  }
});
