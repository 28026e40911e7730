import assert from "node:assert/strict";
import { bytesFromText } from "../../src/base/bytes.ts";
import { findProgram } from "../harness/programs.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";
import { ctlFields, ctlLines, etcdctl } from "../harness/etcdctl.ts";
import { put, range, revisionOf } from "../harness/kv_calls.ts";
import type { ServerProcess } from "../harness/server_process.ts";

/** Writes pairs with etcdctl, one process each. */
async function putAll(
  server: ServerProcess,
  pairs: readonly (readonly [string, string])[],
): Promise<void> {
  for (const [key, value] of pairs) {
    assert.deepEqual(await ctlLines(server, ["put", key, value]), ["OK"]);
  }
}

/** A watching etcdctl: runs `act` once it watches and returns what it printed until `isEnough`. */
async function watchWhile(
  context: TestContext,
  args: readonly string[],
  act: () => Promise<void>,
  lineCount: number,
): Promise<string[]> {
  const { server } = context;
  const child = new Deno.Command(findProgram("etcdctl") ?? "etcdctl", {
    args: [`--endpoints=${server.endpoint}`, "watch", ...args],
    env: { ETCDCTL_API: "3" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    await act();
    while (text.split("\n").length <= lineCount) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
  }
  return text.split("\n").slice(0, lineCount);
}

function describeEtcdctl(): void {
  describeBothTargets("etcdctl", (test) => {
    test("put and get", async ({ server, prefix }) => {
      await putAll(server, [[`${prefix}a`, "1"], [`${prefix}b`, "2"]]);
      assert.deepEqual(await ctlLines(server, ["get", `${prefix}a`]), [`${prefix}a`, "1"]);
      assert.deepEqual(await ctlLines(server, ["get", `${prefix}none`]), [""]);
    });

    test("put reads the value from standard input", async ({ server, prefix }) => {
      await ctlLines(server, ["put", `${prefix}a`], "from a pipe");
      assert.deepEqual(
        await ctlLines(server, ["get", `${prefix}a`, "--print-value-only"]),
        ["from a pipe"],
      );
    });

    test("put --prev-kv, --ignore-value, --ignore-lease, --lease", async (context) => {
      const { client, server, prefix } = context;
      const key = `${prefix}a`;
      await putAll(server, [[key, "1"]]);
      assert.deepEqual(await ctlLines(server, ["put", key, "2", "--prev-kv"]), ["OK", key, "1"]);
      const [granted] = await ctlLines(server, ["lease", "grant", "60"]);
      const lease = /lease ([0-9a-f]+) granted with TTL\(60s\)/.exec(granted)?.[1] ?? "";
      await ctlLines(server, ["put", key, "--ignore-value", `--lease=${lease}`]);
      await ctlLines(server, ["put", key, "3", "--ignore-lease"]);
      const { kvs } = await range(client, key);
      assert.deepEqual([kvs[0].lease, kvs[0].version], [BigInt(`0x${lease}`), 4]);
      const refused = await etcdctl(server, ["put", `${prefix}new`, "--ignore-value"]);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /etcdserver: key not found/);
    });

    test("get of ranges and prefixes", async ({ server, prefix }) => {
      await putAll(server, ["a", "b", "c", "d"].map((name) => [prefix + name, name] as const));
      const values = async (...args: string[]): Promise<string[]> =>
        await ctlLines(server, ["get", "--print-value-only", ...args]);
      assert.deepEqual(await values(`${prefix}b`, `${prefix}d`), ["b", "c"]);
      assert.deepEqual(await values("--prefix", prefix), ["a", "b", "c", "d"]);
      assert.deepEqual(await values("--from-key", `${prefix}c`, "--limit=2"), ["c", "d"]);
      assert.deepEqual(await values("--prefix", prefix, "--limit=2"), ["a", "b"]);
      assert.deepEqual(await values("--prefix", prefix, "--order=DESCEND"), ["d", "c", "b", "a"]);
    });

    test("get --sort-by and --order", async ({ server, client, prefix }) => {
      for (const [name, value] of [["b", "1"], ["a", "3"], ["c", "2"]]) {
        await put(client, prefix + name, value);
      }
      await put(client, `${prefix}b`, "1");
      const sorted = async (target: string, order: string): Promise<string> =>
        (await ctlLines(server, [
          "get",
          "--prefix",
          prefix,
          "--print-value-only",
          `--sort-by=${target}`,
          `--order=${order}`,
        ])).join("");
      assert.equal(await sorted("KEY", "ASCEND"), "312");
      assert.equal(await sorted("VALUE", "DESCEND"), "321");
      assert.equal(await sorted("CREATE", "ASCEND"), "132");
      assert.equal(await sorted("MODIFY", "ASCEND"), "321");
      assert.equal((await sorted("VERSION", "DESCEND"))[0], "1");
    });

    test("get --keys-only, --rev, --consistency and counting", async (context) => {
      const { server, client, prefix } = context;
      const revision = revisionOf(await put(client, `${prefix}a`, "old"));
      await put(client, `${prefix}a`, "new");
      await put(client, `${prefix}b`, "2");
      assert.deepEqual(await ctlLines(server, ["get", "--prefix", prefix, "--keys-only"]), [
        `${prefix}a`,
        "",
        `${prefix}b`,
        "",
      ]);
      assert.deepEqual(
        await ctlLines(server, ["get", `${prefix}a`, `--rev=${revision}`]),
        [`${prefix}a`, "old"],
      );
      assert.deepEqual(
        await ctlLines(server, ["get", `${prefix}a`, "--consistency=s"]),
        [`${prefix}a`, "new"],
      );
      const fields = await ctlFields(server, ["get", "--prefix", prefix, "--limit=1"]);
      assert.deepEqual([fields.get("Count"), fields.get("More")], ["2", "true"]);
    });

    test("get -w json gives every field of the pair", async ({ server, client, prefix }) => {
      const revision = revisionOf(await put(client, `${prefix}a`, "1"));
      const [line] = await ctlLines(server, ["get", `${prefix}a`, "-w", "json"]);
      const { kvs, count } = JSON.parse(line);
      assert.deepEqual(kvs, [{
        key: btoa(`${prefix}a`),
        create_revision: revision,
        mod_revision: revision,
        version: 1,
        value: btoa("1"),
      }]);
      assert.equal(count, 1);
    });

    test("get --hex prints bytes", async ({ server, client, prefix }) => {
      await put(client, `${prefix}a`, "z\x01");
      const [key, value] = await ctlLines(server, ["get", "--hex", `${prefix}a`]);
      assert.match(key, /^(\\x[0-9a-f]{2})+$/);
      assert.equal(value, "\\x7a\\x01");
    });

    test("del of one key, of ranges and prefixes", async ({ server, prefix }) => {
      const names = ["a", "b", "c", "d", "e", "f"];
      await putAll(server, names.map((name) => [prefix + name, name] as const));
      assert.deepEqual(await ctlLines(server, ["del", `${prefix}none`]), ["0"]);
      assert.deepEqual(await ctlLines(server, ["del", `${prefix}a`, "--prev-kv"]), [
        "1",
        `${prefix}a`,
        "a",
      ]);
      assert.deepEqual(await ctlLines(server, ["del", `${prefix}b`, `${prefix}d`]), ["2"]);
      assert.deepEqual(await ctlLines(server, ["del", "--prefix", `${prefix}d`]), ["1"]);
      assert.deepEqual(await ctlLines(server, ["del", "--prefix", prefix]), ["2"]);
    });

    test("txn takes compares, then what to do", async ({ server, prefix }) => {
      const key = `${prefix}a`;
      await putAll(server, [[key, "1"]]);
      const script = (value: string): string =>
        [
          `value("${key}") = "${value}"`,
          `ver("${key}") > "0"`,
          `create("${key}") > "0"`,
          `mod("${key}") > "0"`,
          "",
          `put ${key} 2`,
          `get ${key}`,
          "",
          `get ${key}`,
          "",
          "",
        ].join("\n");
      const taken = await ctlLines(server, ["txn"], script("1"));
      assert.deepEqual(taken.filter((line) => line !== ""), ["SUCCESS", "OK", key, "2"]);
      const refused = await ctlLines(server, ["txn"], script("1"));
      assert.deepEqual(refused.filter((line) => line !== ""), ["FAILURE", key, "2"]);
    });

    test("compaction, and the reads it refuses", async ({ server, client, prefix }) => {
      const first = revisionOf(await put(client, `${prefix}a`, "1"));
      const second = revisionOf(await put(client, `${prefix}a`, "2"));
      assert.deepEqual(
        await ctlLines(server, ["compaction", String(second), "--physical"]),
        [`compacted revision ${second}`],
      );
      const refused = await etcdctl(server, ["get", `${prefix}a`, `--rev=${first}`]);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /etcdserver: mvcc: required revision has been compacted/);
    });

    test("watch prints what happens, from a revision on", async (context) => {
      const { client, prefix } = context;
      const revision = revisionOf(await put(client, `${prefix}a`, "1"));
      const act = async (): Promise<void> => {
        await put(client, `${prefix}b`, "2");
      };
      assert.deepEqual(
        await watchWhile(context, [prefix, "--prefix", `--rev=${revision}`], act, 6),
        ["PUT", `${prefix}a`, "1", "PUT", `${prefix}b`, "2"],
      );
    });

    test("watch --prev-kv prints the pair before", async (context) => {
      const { client, prefix } = context;
      await put(client, `${prefix}a`, "1");
      const revision = revisionOf(await put(client, `${prefix}a`, "2"));
      const args = [`${prefix}a`, "--prev-kv", `--rev=${revision}`];
      assert.deepEqual(
        await watchWhile(context, args, () => Promise.resolve(), 5),
        ["PUT", `${prefix}a`, "1", `${prefix}a`, "2"],
      );
    });

    test("lease grant, timetolive, list, keep-alive and revoke", async ({ server, prefix }) => {
      const [granted] = await ctlLines(server, ["lease", "grant", "100"]);
      const id = /^lease ([0-9a-f]{16}) granted with TTL\(100s\)$/.exec(granted)?.[1] ?? "";
      await ctlLines(server, ["put", `${prefix}a`, "1", `--lease=${id}`]);
      const [left] = await ctlLines(server, ["lease", "timetolive", id, "--keys"]);
      assert.match(
        left,
        new RegExp(
          `^lease ${id} granted with TTL\\(100s\\), remaining\\(\\d+s\\), attached keys\\(\\[${prefix}a\\]\\)$`,
        ),
      );
      assert.ok((await ctlLines(server, ["lease", "list"])).includes(id));
      assert.deepEqual(
        await ctlLines(server, ["lease", "keep-alive", "--once", id]),
        [`lease ${id} keepalived with TTL(100)`],
      );
      assert.deepEqual(await ctlLines(server, ["lease", "revoke", id]), [`lease ${id} revoked`]);
      assert.deepEqual(await ctlLines(server, ["get", `${prefix}a`]), [""]);
      assert.deepEqual(
        await ctlLines(server, ["lease", "timetolive", id]),
        [`lease ${id} already expired`],
      );
    });

    test("endpoint health", async ({ server }) => {
      const { exitCode, stdout, stderr } = await etcdctl(server, ["endpoint", "health"]);
      assert.equal(exitCode, 0);
      assert.match(stdout + stderr, /is healthy: successfully committed proposal/);
    });

    test("endpoint status", async ({ server, client, prefix }) => {
      const revision = revisionOf(await put(client, `${prefix}a`, "1"));
      const [line] = await ctlLines(server, ["endpoint", "status", "-w", "json"]);
      const [{ Endpoint, Status }] = JSON.parse(line);
      assert.equal(Endpoint, server.endpoint);
      assert.equal(Status.header.revision, revision);
      assert.equal(Status.leader, Status.header.member_id);
      assert.ok(Status.dbSize > 0 && Status.raftTerm >= 2 && Status.raftIndex > 0);
      const [table] = await ctlLines(server, ["endpoint", "status"]);
      assert.match(
        table,
        /^127\.0\.0\.1:\d+, [0-9a-f]+, 3\.\d+\.\d+\S*, .+, true, false, \d+, \d+, \d+, $/,
      );
    });

    test("member list", async ({ server }) => {
      const [line] = await ctlLines(server, ["member", "list"]);
      const pattern = `^[0-9a-f]+, started, default, http://127.0.0.1:${server.peerPort}, ` +
        `http://127.0.0.1:${server.clientPort}, false$`;
      assert.match(line, new RegExp(pattern));
    });

    test("alarm list is empty", async ({ server }) => {
      assert.deepEqual(await ctlLines(server, ["alarm", "list"]), [""]);
    });

    test("lock holds a key while its command runs", async ({ server, prefix }) => {
      const name = `${prefix}lock`;
      const lines = await ctlLines(server, ["lock", name, "--", "sh", "-c", "echo $ETCD_LOCK_KEY"]);
      assert.match(lines[0], new RegExp(`^${name}/[0-9a-f]+$`));
      assert.deepEqual(await ctlLines(server, ["get", "--prefix", name]), [""]);
    });

    test("a large value goes in and out", async ({ server, prefix }) => {
      const value = "0123456789".repeat(100_000);
      await ctlLines(server, ["put", `${prefix}a`], value);
      const [read] = await ctlLines(server, ["get", `${prefix}a`, "--print-value-only"]);
      assert.equal(bytesFromText(read).length, 1_000_000);
      assert.equal(read, value);
    });

    test("what is too large is refused", async ({ server, prefix }) => {
      const refused = await etcdctl(server, ["put", `${prefix}a`], "0123456789".repeat(160_000));
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /etcdserver: request is too large/);
    });
  });
}

if (findProgram("etcdctl") !== undefined) describeEtcdctl();
else {
  Deno.test({
    name: "etcdctl not run: it is not here, see `deno task peers`",
    ignore: true,
    fn() {},
  });
}
