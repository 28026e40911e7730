import assert from "node:assert/strict";
import { ServerProcess } from "../harness/server_process.ts";
import { type Outcome, runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl } from "./ctl_suite.ts";
import { startCtl, startEtcdctl, until } from "./running_program.ts";

describeCtl((test) => {
  test("check that cannot be", async ({ reference }) => {
    const server = await ServerProcess.start(reference.server);
    try {
      const endpoints = `--endpoints=${server.endpoint}`;
      await runCtl([endpoints, "put", "mine/1", "1"], "");
      const renamed = ({ stderr, ...rest }: Outcome) => ({
        ...rest,
        // 3.4 has no quotes around the command.
        stderr: stderr.replace("detcd ctl", "etcdctl").replaceAll("'", ""),
      });
      for (
        const line of [
          "perf --load=z",
          "perf --prefix=mine/",
          "perf --prefix=",
          "datascale --load=z",
        ]
      ) {
        const args = [endpoints, "check", ...line.split(" ")];
        const wanted = renamed(await runEtcdctl(reference, args, ""));
        assert.deepEqual(renamed(await runCtl(args, "")), wanted, line);
      }
      assert.equal((await runCtl([endpoints, "get", "mine/1"], "")).stdout, "mine/1\n1\n");
    } finally {
      await server.dispose();
    }
  });

  test("check datascale", async ({ reference }) => {
    const server = await ServerProcess.start(reference.server);
    try {
      const args = ["check", "datascale", "--auto-compact", "--auto-defrag"];
      const run = [`--endpoints=${server.endpoint}`, ...args];
      const form = (text: string) =>
        text.replace(/revision \d+/g, "revision N").replace(/: -?[\d.]+ MB/, ": N MB");
      const wanted = await runEtcdctl(reference, run, "");
      const got = await runCtl(run, "");
      assert.equal(got.exitCode, wanted.exitCode, got.stderr);
      // 3.4 draws its progress between the lines.
      const lines = form(wanted.stdout).split("\n").filter((line) => !line.includes("%"));
      assert.deepEqual(form(got.stdout).split("\n"), lines);
      const left = ["get", "/etcdctl-check-datascale/", "--prefix"];
      assert.equal((await runCtl([`--endpoints=${server.endpoint}`, ...left], "")).stdout, "");
    } finally {
      await server.dispose();
    }
  });

  test("check perf that is interrupted leaves no keys behind", async ({ reference }) => {
    const server = await ServerProcess.start(reference.server);
    try {
      const endpoints = `--endpoints=${server.endpoint}`;
      const count = [endpoints, "get", "/etcdctl-check-perf/", "--prefix", "--keys-only"];
      const keys = async () => (await runCtl(count, "")).stdout;
      const check = [endpoints, "check", "perf"];
      let exitCode = 0;
      for (const start of [() => startEtcdctl(reference, check), () => startCtl(check)]) {
        const program = start();
        await until(async () => await keys() !== "");
        program.signal("SIGINT");
        exitCode = await program.finish();
        await until(async () => await keys() === "");
      }
      // The real program takes what it has seen so far for a whole check, and may say that it passed.
      assert.equal(exitCode, 130);
    } finally {
      await server.dispose();
    }
  }, { newerOnly: "it leaves its keys behind" });
});
