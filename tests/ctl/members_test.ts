import assert from "node:assert/strict";
import { jsonUint64, parseJson } from "../../src/base/json.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import { OLDER, type Outcome, type Reference, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl, shellWords } from "./ctl_suite.ts";
import { until } from "./running_program.ts";

/** Three real members of one cluster. */
async function withCluster(
  { server }: Reference,
  body: (members: readonly ServerProcess[]) => Promise<void>,
): Promise<void> {
  const urls = (await freePorts(3)).map((port) => `http://127.0.0.1:${port}`);
  const cluster = urls.map((url, i) => `m${i}=${url}`).join(",");
  const members = await Promise.all(urls.map((url, i) =>
    ServerProcess.start(server, {
      withoutWaiting: true,
      flags: [
        `--name=m${i}`,
        `--initial-cluster=${cluster}`,
        `--listen-peer-urls=${url}`,
        `--initial-advertise-peer-urls=${url}`,
      ],
    })
  ));
  try {
    await Promise.all(members.map((member) => member.untilReady()));
    await body(members);
  } finally {
    for (const member of members) await member.dispose();
  }
}

/** The ID of the leader, as a member knows it. */
async function leaderOf(endpoint: string): Promise<bigint> {
  const args = [`--endpoints=${endpoint}`, "endpoint", "status", "-w", "json"];
  const [, leader] = /"leader":(\d+)/.exec((await runCtl(args, "")).stdout) ?? [];
  return BigInt(leader);
}

/** The IDs of all members. */
async function idsOf(endpoint: string): Promise<bigint[]> {
  const args = [`--endpoints=${endpoint}`, "member", "list", "-w", "json"];
  const list = parseJson((await runCtl(args, "")).stdout);
  if (list === null || typeof list !== "object" || Array.isArray(list)) return [];
  if (!Array.isArray(list.members)) return [];
  return list.members.map((member) => {
    const isObject = member !== null && typeof member === "object" && !Array.isArray(member);
    return (isObject ? jsonUint64(member.ID) : undefined) ?? 0n;
  });
}

/** Lines in any order, without times and the log. */
function form({ exitCode, stdout, stderr }: Outcome): unknown {
  const lines = (text: string) =>
    text.replace(/^\{"level".*\n/gm, "")
      .replace(/took[ =":]*[0-9.]+[\u00c2\u00b5m]*s/g, "took TIME")
      .split("\n").toSorted();
  return { exitCode, stdout: lines(stdout), stderr: lines(stderr) };
}

describeCtl((test) => {
  test("commands about several members", ({ reference }) =>
    withCluster(reference, async (members) => {
      const all = `--endpoints=${members.map(({ endpoint }) => endpoint).join(",")}`;
      const one = `--endpoints=${members[0].endpoint}`;
      await runCtl([all, "put", "a", "1"], "");
      const lines = [
        "member list",
        "endpoint health",
        "endpoint health --cluster",
        "endpoint hashkv -w json",
        "endpoint hashkv --cluster -w json",
        "defrag",
        "defrag --cluster",
        "alarm list",
        "get a --consistency=s",
        "snapshot save never-saved.db",
        "move-leader 1",
      ];
      for (const line of lines) {
        for (const endpoints of [all, one]) {
          // A backup of one member would be saved.
          if (line.startsWith("snapshot") && endpoints === one) continue;
          const args = [endpoints, ...shellWords(line)];
          const wanted = form(await runEtcdctl(reference, args, ""));
          const got = form(await runCtl(args, ""));
          if (reference === OLDER && /health|hashkv|defrag|move/.test(line)) continue;
          // Who leads is known by the leader only, and another member may.
          if (line.startsWith("move-leader") && endpoints === one) continue;
          assert.deepEqual(got, wanted, line);
        }
      }
    }));

  test("move-leader to another member", ({ reference }) =>
    withCluster(reference, async (members) => {
      const [{ endpoint }] = members;
      const all = `--endpoints=${members.map(({ endpoint }) => endpoint).join(",")}`;
      const ids = await idsOf(endpoint);
      const move = async (run: typeof runCtl, format: string): Promise<Outcome> => {
        const from = await leaderOf(endpoint);
        const to = ids.find((id) => id !== from) ?? 0n;
        const args = [all, "move-leader", to.toString(16), "-w", format];
        const outcome = await run(args, "");
        // The member that is asked hears of it a little later.
        await until(async () => await leaderOf(endpoint) === to);
        const mask = (text: string) =>
          text.replace(from.toString(16), "FROM").replace(to.toString(16), "TO")
            .replace(/"(member_id|raft_term)":\d+/g, '"$1":N');
        return { ...outcome, stdout: mask(outcome.stdout) };
      };
      const real: typeof runCtl = (args, input) => runEtcdctl(reference, args, input);
      for (const format of ["simple", "json"]) {
        const wanted = await move(real, format);
        assert.equal(wanted.exitCode, 0);
        assert.deepEqual(await move(runCtl, format), wanted, format);
      }
    }));
});
