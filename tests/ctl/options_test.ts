import assert from "node:assert/strict";
import { ctlMain } from "../../src/cli/ctl/main.ts";
import { CapturedIo } from "../../src/cli/ctl/testing/captured_io.ts";
import type { SrvRecord } from "../../src/cli/srv_lookup.ts";
import { runCtl, runEtcdctl } from "./ctl_pair.ts";
import { describeCtl, FORMATS, inAllFormats, SOME_KEYS, type Step } from "./ctl_suite.ts";

const KIB = "x".repeat(1024);

describeCtl((test) => {
  test("get --stream", (suite) =>
    suite.compareFromStart([
      ...SOME_KEYS,
      ...inAllFormats('get "" --prefix --stream'),
      ["get a --stream"],
      ["get nothing --stream"],
      ['get "" --prefix --stream --limit=2 -w fields'],
      ['get "" --prefix --stream --keys-only'],
      ['get "" --prefix --stream --count-only -w fields'],
      ["get a --stream --rev=3"],
      ["get a --stream --rev=500"],
    ]), { newerOnly: "there is no such call" });

  test("get with bounds on revisions", (suite) =>
    suite.compareFromStart([
      ...SOME_KEYS,
      ...["create", "mod"].flatMap((what): Step[] => [
        [`get "" --prefix --min-${what}-rev=3`],
        [`get "" --prefix --max-${what}-rev=4`],
        [`get "" --prefix --min-${what}-rev=3 --max-${what}-rev=4`],
        [`get "" --prefix --min-${what}-rev=4 --max-${what}-rev=3`],
        [`get "" --prefix --min-${what}-rev=-1`],
      ]),
      ['get "" --prefix --count-only -w fields'],
      ['get "" --prefix --count-only'],
      ['get "" --prefix --count-only --keys-only'],
      ["get a --rev=500 --count-only"],
      ["get a --rev=500 --print-value-only -w json"],
    ]), { newerOnly: "there are no such flags" });

  test("del --range", (suite) =>
    suite.compareFromStart([
      ...SOME_KEYS,
      ["del a c --range"],
      ["del a --range"],
      ["txn", "\ndel a z --range\n\n\n"],
    ]), { newerOnly: "there is no such flag" });

  test("limits of messages", (suite) =>
    suite.compareFromStart([
      ["put a", KIB],
      ["put a --max-request-bytes=1000", KIB],
      ["put a --max-request-bytes=5000", KIB],
      ["get a --max-recv-bytes=1000"],
      ["get a --max-recv-bytes=5000"],
      ["lease list --max-recv-bytes=3"],
      ["put a", KIB.repeat(3 * 1024)],
    ]), { newerOnly: "there are no such flags" });

  test("--hex in all formats", (suite) =>
    suite.compareFromStart([
      ["put a 1"],
      ["lease grant 300"],
      ["put b 1 --lease=LEASE"],
      ...FORMATS.flatMap((format): Step[] => [
        [`get b --hex -w ${format}`],
        [`put b 2 --prev-kv --hex -w ${format}`],
        [`lease timetolive LEASE --keys --hex -w ${format}`],
        [`lease keep-alive LEASE --once --hex -w ${format}`],
        [`lease list --hex -w ${format}`],
        [`member list --hex -w ${format}`],
        [`alarm list --hex -w ${format}`],
        [`role add r${format} --hex -w ${format}`],
        [`role grant-permission r${format} read a --hex -w ${format}`],
        [`role get r${format} --hex -w ${format}`],
      ]),
    ]), { newerOnly: "it shows fewer IDs in hexadecimal" });

  test("options", async ({ reference }) => {
    assert.deepEqual(await runCtl(["options"], ""), await runEtcdctl(reference, ["options"], ""));
  }, { newerOnly: "there is no such command" });

  test("--debug", async ({ reference }) => {
    const args = ["--debug", "get"];
    const settings = ({ stderr }: { stderr: string }) => stderr.match(/^ETCDCTL_.*$/gm);
    const wanted = settings(await runEtcdctl(reference, [...args, "--endpoints=", "a"], ""));
    assert.deepEqual(settings(await runCtl([...args, "--endpoints=", "a"], "")), wanted);
  }, { newerOnly: "it has other flags" });

  test("the environment for every global flag", async (suite) => {
    const { etcdctl: { server } } = await suite.sharedPair();
    const environments: Record<string, string>[] = [
      { ETCDCTL_USER: "root:x" },
      { ETCDCTL_USER: "root", ETCDCTL_PASSWORD: "x" },
      { ETCDCTL_COMMAND_TIMEOUT: "3s", ETCDCTL_DIAL_TIMEOUT: "1s" },
      { ETCDCTL_KEEPALIVE_TIME: "5s", ETCDCTL_KEEPALIVE_TIMEOUT: "5s" },
      { ETCDCTL_CACERT: "/no/such/file" },
      { ETCDCTL_CERT: "/no/such/file" },
      { ETCDCTL_KEY: "/no/such/file" },
      { ETCDCTL_INSECURE_TRANSPORT: "true" },
      { ETCDCTL_INSECURE_DISCOVERY: "false" },
      { ETCDCTL_DEBUG: "false" },
      { ETCDCTL_HEX: "true" },
      { ETCDCTL_WRITE_OUT: "protobuf" },
    ];
    await runCtl([`--endpoints=${server.endpoint}`, "put", "a", "1"], "");
    for (const more of environments) {
      const env = { ETCDCTL_ENDPOINTS: server.endpoint, ...more };
      const { stderr, ...wanted } = await runEtcdctl(suite.reference, ["get", "a"], "", env);
      const shown = stderr.replace(/^\{"level".*\n/gm, "");
      const got = await runCtl(["get", "a"], "", env);
      assert.deepEqual(got, { ...wanted, stderr: shown }, JSON.stringify(more));
    }
  });
});

function record(target: string, port: number): SrvRecord {
  return { target, port, priority: 0, weight: 0 };
}

Deno.test("ctl finds servers by the DNS, with TLS first", async () => {
  const connected = async (...args: string[]): Promise<[string[], string]> => {
    const io = new CapturedIo();
    io.services = (name) => {
      if (name.includes("-ssl")) return Promise.resolve([record("b.test.", 2379)]);
      return Promise.resolve([record("a.test.", 80), record("c.test.", 81)]);
    };
    io.transport = {
      unary: () => Promise.reject(new Error("not reached")),
      stream: () => {
        throw new Error("not reached");
      },
      close: () => Promise.resolve(),
    };
    assert.equal(await ctlMain(["--discovery-srv=example.test", ...args, "get", "a"], io), 1);
    return [io.connected, io.err];
  };
  const [all] = await connected();
  assert.deepEqual(all, ["https://b.test:2379", "http://a.test:80", "http://c.test:81"]);
  const [secure, complaints] = await connected("--insecure-discovery=false");
  assert.deepEqual(secure, ["https://b.test:2379"]);
  assert.match(complaints, /^ignoring discovered insecure endpoint "http:\/\/a\.test:80"\n/);
});

Deno.test("ctl says which names the DNS does not know", async () => {
  const io = new CapturedIo();
  const asked: string[] = [];
  io.services = (name) => {
    asked.push(name);
    return Promise.reject(new Error("no such host"));
  };
  const args = ["--discovery-srv=example.test", "--discovery-srv-name=blue", "get", "a"];
  assert.equal(await ctlMain(args, io), 1);
  assert.deepEqual(asked, [
    "_etcd-client-ssl-blue._tcp.example.test",
    "_etcd-client-blue._tcp.example.test",
  ]);
  assert.match(io.err, /^Error: dns lookup errors: .*no such host and .*no such host\n$/);
});
