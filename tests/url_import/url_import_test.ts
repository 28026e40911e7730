import assert from "node:assert/strict";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What README.md says that a program which embeds a server needs. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** What somebody writes who has nothing of detcd but a URL. */
function program(origin: string): string {
  return `import { newMemoryConfig, startEtcd, connect } from "${origin}/mod.ts";

await using etcd = await startEtcd(newMemoryConfig());
await using local = etcd.client();
await local.put("greeting", "hello");
await using remote = await connect(etcd.clientUrl);
const pair = await remote.get("greeting");
console.log("read", pair?.text);
const body = JSON.stringify({ name: "root", password: "secret" });
const added = await fetch(etcd.clientUrl + "/v3/auth/user/add", { method: "POST", body });
console.log("added", added.status, (await added.text()).includes("header"));
`;
}

/** Serves the project's files as a web server would, and remembers what was asked for. */
function serveTree(asked: string[]): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = normalize(decodeURIComponent(new URL(request.url).pathname));
    asked.push(path);
    try {
      const body = await Deno.readFile(join(ROOT, path));
      const type = path.endsWith(".json") ? "application/json" : "application/typescript";
      return new Response(body, { headers: { "content-type": type } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
}

async function deno(args: string[], cwd: string): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("mod.ts works when it is imported by URL", async () => {
  const asked: string[] = [];
  const server = serveTree(asked);
  const directory = await Deno.makeTempDir({ prefix: "detcd-url-import-" });
  try {
    const host = `127.0.0.1:${server.addr.port}`;
    const origin = `http://${host}`;
    await Deno.writeTextFile(join(directory, "program.ts"), program(origin));
    const flags = [`--allow-import=${host}`, `--reload=${origin}`];
    // Types are checked with the importer's options, of which there are none.
    const checked = await deno(["check", ...flags, "program.ts"], directory);
    assert.equal(checked.code, 0, checked.text);
    const ran = await deno(["run", ...PERMISSIONS, ...flags, "program.ts"], directory);
    assert.equal(ran.code, 0, ran.text);
    assert.match(ran.text, /^read hello$/m);
    assert.match(ran.text, /^added 200 true$/m);
    assert.ok(asked.includes("/src/embed/etcd.ts"), "the tree was read over HTTP");
    const worker = "/src/server/auth/password_worker.ts";
    assert.ok(asked.includes(worker), "so was the worker that hashes passwords");
    assert.doesNotMatch(ran.text, /hashed on the main thread/);
    assert.ok(!asked.some((path) => path.startsWith("/tests")), "and nothing but the product");
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
});
