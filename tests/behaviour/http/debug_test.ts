import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { eventually } from "../../harness/eventually.ts";
import { httpRequest } from "../../harness/http1.ts";
import { put } from "../../harness/kv_calls.ts";
import { findProgram } from "../../harness/programs.ts";
import { ServerProcess } from "../../harness/server_process.ts";
import { NEWER_TARGET_NAMES, whyMissing } from "../../harness/targets.ts";

const NOT_FOUND = "404 page not found\n";

describeBothTargets("debugging over HTTP", (test) => {
  test("/debug/vars is JSON that tells of process, memory and Raft", async ({ server }) => {
    const { status, headers, body } = await httpRequest(server.clientPort, "/debug/vars");
    assert.deepEqual(
      [status, headers.get("content-type")],
      [200, "application/json; charset=utf-8"],
    );
    const vars = JSON.parse(body);
    assert.ok(vars.cmdline.some((word: string) => word.startsWith("--data-dir=")));
    assert.ok(vars.file_descriptor_limit > 0);
    for (const what of ["Alloc", "Sys", "HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse"]) {
      assert.ok(vars.memstats[what] > 0, what);
    }
    const raft = vars["raft.status"];
    assert.equal(raft.raftState, "StateLeader");
    assert.match(raft.id, /^[0-9a-f]+$/);
    assert.deepEqual([raft.lead, raft.vote, raft.leadtransferee], [raft.id, raft.id, "0"]);
    assert.ok(raft.term >= 2 && raft.commit >= raft.applied && raft.applied > 0);
    assert.deepEqual(Object.keys(raft.progress), [raft.id]);
    const { match, next, state } = raft.progress[raft.id];
    assert.deepEqual([next, state], [match + 1, "StateReplicate"]);
  });

  test("/debug/vars begins each variable on a line of its own", async ({ server }) => {
    const { body } = await httpRequest(server.clientPort, "/debug/vars");
    const names = body.split("\n").map((line) => /^"([^"]+)": /.exec(line)?.[1]);
    assert.deepEqual(
      names.filter((name) => name !== undefined),
      ["cmdline", "file_descriptor_limit", "memstats", "raft.status"],
    );
    assert.ok(body.startsWith("{\n") && body.endsWith("\n}\n"));
  });

  test("profiles and traces are not there unless they are asked for", async ({ server }) => {
    for (
      const path of ["/debug/pprof/", "/debug/pprof/profile", "/debug/requests", "/debug/events"]
    ) {
      const { status, body } = await httpRequest(server.clientPort, path);
      assert.deepEqual([status, body], [404, NOT_FOUND], path);
    }
  });
}, { targets: NEWER_TARGET_NAMES });

/** What `go tool pprof` says of a profile, or undefined where there is no Go. */
async function readByGo(profile: Uint8Array): Promise<string | undefined> {
  const go = findProgram("go");
  if (go === undefined) return undefined;
  const directory = await Deno.makeTempDir({ prefix: "pprof-" });
  try {
    const path = join(directory, "profile");
    writeFileSync(path, profile);
    const args = ["tool", "pprof", "-top", "-nodecount=5", path];
    const { stdout, stderr } = await new Deno.Command(go, { args }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

describeBothTargets("profiles", (test) => {
  test("/debug/pprof leads to the page of profiles", async ({ server }) => {
    const { status, headers } = await httpRequest(server.clientPort, "/debug/pprof");
    assert.deepEqual([status, headers.get("location")], [307, "/debug/pprof/"]);
    const index = await httpRequest(server.clientPort, "/debug/pprof/");
    assert.equal(index.status, 200);
    assert.equal(index.headers.get("content-type"), "text/html; charset=utf-8");
    for (const name of ["profile", "heap", "cmdline", "goroutine"]) {
      assert.ok(index.body.includes(name), name);
    }
  });

  test("cmdline is the command line, parted by zeros", async ({ server }) => {
    const { status, headers, body } = await httpRequest(
      server.clientPort,
      "/debug/pprof/cmdline",
    );
    assert.deepEqual([status, headers.get("content-type")], [200, "text/plain; charset=utf-8"]);
    assert.ok(body.split("\0").includes("--enable-pprof"));
  });

  test("a profile that is not there is 404 and for people", async ({ server }) => {
    const { status, headers, body } = await httpRequest(server.clientPort, "/debug/pprof/nope");
    assert.deepEqual([status, headers.get("x-go-pprof"), body], [404, "1", "Unknown profile\n"]);
  });

  test("profile is one of the processor that go tool pprof reads", async ({ client, server }) => {
    const path = "/debug/pprof/profile?seconds=1";
    const answer = httpRequest(server.clientPort, path);
    for (let i = 0; i < 300; i++) await put(client, "a", String(i));
    const { status, headers, bytes } = await answer;
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "application/octet-stream");
    assert.equal(headers.get("content-disposition"), 'attachment; filename="profile"');
    const text = await readByGo(bytes);
    if (text !== undefined) assert.match(text, /^Type: cpu$[^]*^Duration: /m);
  });

  test("heap is a profile of memory that go tool pprof reads", async ({ server }) => {
    const { status, headers, bytes } = await httpRequest(server.clientPort, "/debug/pprof/heap");
    assert.equal(status, 200);
    assert.equal(headers.get("content-disposition"), 'attachment; filename="heap"');
    const text = await readByGo(bytes);
    if (text !== undefined) assert.match(text, /^Type: inuse_space$/m);
  });

  test("one profile of the processor is made at a time", async ({ server }) => {
    const path = "/debug/pprof/profile?seconds=1";
    const answers = await Promise.all([
      httpRequest(server.clientPort, path),
      httpRequest(server.clientPort, path),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 500]);
    const refused = answers.find(({ status }) => status === 500);
    assert.equal(
      refused?.body,
      "Could not enable CPU profiling: cpu profiling already in use\n",
    );
    assert.equal(refused?.headers.get("x-go-pprof"), "1");
  });

  test("a profile that nobody waits for any more makes room for the next", async ({ server }) => {
    const path = "/debug/pprof/profile?seconds=";
    const next = async () => (await httpRequest(server.clientPort, `${path}1`)).status;
    const leaving = new AbortController();
    const ask = () => fetch(`http://${server.endpoint}${path}25`, { signal: leaving.signal });
    let gone = ask();
    // Whichever comes first is made, and the other one refused.
    while (await next() !== 500) {
      await (await gone).body?.cancel();
      gone = ask();
    }
    leaving.abort();
    await assert.rejects(gone);
    await eventually("there is room", async () => await next() === 200);
  });

  test("traces take the log level debug", async ({ server }) => {
    for (const path of ["/debug/requests", "/debug/events"]) {
      assert.equal((await httpRequest(server.clientPort, path)).status, 404);
    }
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--enable-pprof"] });

describeBothTargets("log level debug", (test) => {
  test("brings profiles and traces", async ({ server }) => {
    assert.equal((await httpRequest(server.clientPort, "/debug/pprof/cmdline")).status, 200);
    for (const path of ["/debug/requests", "/debug/events"]) {
      const { status } = await httpRequest(server.clientPort, path);
      assert.equal(status, server.target === "detcd" ? 501 : 200);
    }
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--log-level=debug"] });

describeBothTargets("profiles of V8", (test) => {
  test("profile?format=v8 is in V8's own form", async ({ server }) => {
    const path = "/debug/pprof/profile?seconds=1&format=v8";
    const { headers, body } = await httpRequest(server.clientPort, path);
    assert.equal(headers.get("content-type"), "application/json");
    assert.equal(
      headers.get("content-disposition"),
      'attachment; filename="profile.cpuprofile"',
    );
    const { nodes, samples, timeDeltas } = JSON.parse(body);
    assert.ok(nodes.length > 0 && samples.length === timeDeltas.length);
  });

  test("what V8 has not is told with the reason", async ({ server }) => {
    for (const name of ["allocs", "block", "goroutine", "mutex", "threadcreate", "trace"]) {
      const { status, body } = await httpRequest(server.clientPort, `/debug/pprof/${name}`);
      assert.equal(status, 501);
      assert.ok(body.startsWith(`${name} is not available: `), body);
    }
  });

  test("a profile that lasts too long is refused", async ({ server }) => {
    const path = "/debug/pprof/profile?seconds=100000";
    const { status, body } = await httpRequest(server.clientPort, path);
    assert.deepEqual([status, body], [400, "a profile lasts 600 seconds at most\n"]);
  });
}, { targets: ["detcd"], flags: ["--enable-pprof"] });

Deno.test({
  name: "a profile that is being made does not hold up the end of detcd",
  ignore: whyMissing("detcd") !== undefined,
  async fn() {
    const server = await ServerProcess.start("detcd", { flags: ["--enable-pprof"] });
    try {
      const path = "/debug/pprof/profile?seconds=500";
      const answer = httpRequest(server.clientPort, path);
      // Once the second is refused, the first is on its way.
      for (;;) {
        const { status } = await httpRequest(server.clientPort, "/debug/pprof/profile?seconds=1");
        if (status === 500) break;
      }
      assert.notEqual(await server.stop(), "SIGKILL");
      assert.equal((await answer).status, 200);
    } finally {
      await server.dispose();
    }
  },
});
