import assert from "node:assert/strict";
import { type Etcd, startEtcd } from "../../embed/etcd.ts";
import { newMemoryConfig } from "../../embed/memory_config.ts";
import { newSelfSignedCertificate } from "../../net/tls/self_signed_certificate.ts";
import { AuthenticateRequest, AuthenticateResponse, RangeResponse } from "../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../pb/services.ts";
import { byteText } from "./byte_text.ts";
import { ctlMain } from "./main.ts";
import { CapturedIo } from "./testing/captured_io.ts";

/** Runs a command and returns what it left behind. */
async function ctl(
  etcd: Etcd,
  args: readonly string[],
  input = "",
): Promise<[exitCode: number, stdout: string, stderr: string]> {
  const io = new CapturedIo(input);
  const exitCode = await ctlMain([`--endpoints=${etcd.clientUrl}`, ...args], io);
  return [exitCode, io.out, io.err];
}

Deno.test("ctlMain() puts, gets and deletes", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  assert.deepEqual(await ctl(etcd, ["put", "\u00e9", "1"]), [0, "OK\n", ""]);
  assert.deepEqual(await ctl(etcd, ["put", "b"], "\x00\xff"), [0, "OK\n", ""]);
  const text = `${byteText("\u00e9")}\n1\n`;
  assert.deepEqual(await ctl(etcd, ["get", "", "--prefix"]), [0, `b\n\x00\xff\n${text}`, ""]);
  assert.deepEqual(await ctl(etcd, ["del", "b", "--prev-kv"]), [0, "1\nb\n\x00\xff\n", ""]);
  const [exitCode, stdout] = await ctl(etcd, ["get", "", "--prefix", "--count-only", "-w=fields"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /"Count" : 1\n$/);
  assert.deepEqual(await ctl(etcd, ["get", "a", "--count-only"]), [
    128,
    "",
    "Error: --count-only is only for `--write-out=fields`\n",
  ]);
});

Deno.test("ctlMain() runs transactions, leases and compactions", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  const [, granted] = await ctl(etcd, ["lease", "grant", "60"]);
  const [, lease] = /^lease ([0-9a-f]{16}) granted with TTL\(60s\)\n$/.exec(granted) ?? [];
  const input = `version("k") = "0"\n\nput k v --lease=${lease}\nget k\n\n\n`;
  assert.deepEqual(await ctl(etcd, ["txn"], input), [0, "SUCCESS\n\nOK\n\nk\nv\n", ""]);
  const onLease = `lease("k") = "${lease}"\n\n\n\n`;
  assert.deepEqual(await ctl(etcd, ["txn"], onLease), [0, "SUCCESS\n", ""]);
  assert.deepEqual(await ctl(etcd, ["lease", "revoke", lease]), [
    0,
    `lease ${lease} revoked\n`,
    "",
  ]);
  assert.deepEqual(await ctl(etcd, ["get", "k"]), [0, "", ""]);
  assert.deepEqual(await ctl(etcd, ["compaction", "2"]), [0, "compacted revision 2\n", ""]);
  const gone = "Error: etcdserver: mvcc: required revision has been compacted\n";
  assert.deepEqual(await ctl(etcd, ["compaction", "2"]), [1, "", gone]);
});

Deno.test("ctlMain() tells of members and servers", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  const id = etcd.server.memberId().toString(16);
  const [, members] = await ctl(etcd, ["member", "list"]);
  assert.ok(members.startsWith(`${id}, started, default, `), members);
  const [exitCode, health] = await ctl(etcd, ["endpoint", "health", "--cluster"]);
  assert.equal(exitCode, 0);
  assert.ok(health.startsWith(`${etcd.clientUrl} is healthy: `), health);
  const [, status] = await ctl(etcd, ["endpoint", "status"]);
  assert.match(status, new RegExp(`^${etcd.clientUrl}, ${id}, 3\\..*, true, false, `));
});

Deno.test("ctlMain() watches, prints and runs a program for each event until it fails", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  for (const value of ["1", "2"]) await ctl(etcd, ["put", "k", value]);
  const io = new CapturedIo();
  io.programResult = { message: "exit status 3", exitCode: 3 };
  const args = ["watch", "k", "--rev=2", "--", "notify", "me"];
  assert.equal(await ctlMain([`--endpoints=${etcd.clientUrl}`, ...args], io), 1);
  assert.equal(io.out, "PUT\nk\n1\nPUT\nk\n2\n");
  assert.equal(io.err, 'command ["notify" "me"] error (exit status 3)\n');
  assert.deepEqual(io.programs, [{
    command: ["notify", "me"],
    environment: {
      ETCD_WATCH_REVISION: "3",
      ETCD_WATCH_EVENT_TYPE: '"PUT"',
      ETCD_WATCH_KEY: '"k"',
      ETCD_WATCH_VALUE: '"1"',
    },
  }]);
});

Deno.test("ctlMain() says how far watches are when it is asked for progress", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  await ctl(etcd, ["put", "k", "1"]);
  const io = new CapturedIo("watch k --rev=2\nprogress\n");
  const printed = Promise.withResolvers<void>();
  io.holdInput(printed.promise);
  const stdout = io.stdout.bind(io);
  io.stdout = (bytes) => {
    stdout(bytes);
    if (bytes.startsWith("progress")) printed.resolve();
  };
  assert.equal(await ctlMain([`--endpoints=${etcd.clientUrl}`, "watch", "-i"], io), 3);
  assert.equal(io.out, "PUT\nk\n1\nprogress notify: 2\n");
  assert.equal(io.err, "Error: error reading watch request line: EOF\n");
});

Deno.test("ctlMain() passes on what the flags say of connections", async () => {
  const io = new CapturedIo("", { ETCDCTL_COMMAND_TIMEOUT: "50ms" });
  const directory = await Deno.makeTempDir({ prefix: "detcd-ctl-" });
  try {
    const { certificate, key } = newSelfSignedCertificate({
      hosts: ["localhost"],
      notBefore: new Date(),
      notAfter: new Date(Date.now() + 3_600_000),
    });
    const files = { ca: "ca", cert: certificate, key };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    const tls = [
      `--cacert=${directory}/ca`,
      `--cert=${directory}/cert`,
      `--key=${directory}/key`,
      "--keepalive-time=20s",
    ];
    io.transport = {
      unary: () => Promise.reject(new Error("not reached")),
      stream: () => {
        throw new Error("not reached");
      },
      close: () => Promise.resolve(),
    };
    assert.equal(await ctlMain(["--endpoints=a:1,http://b:2", ...tls, "get", "k"], io), 1);
    assert.deepEqual(io.connected, ["https://a:1", "http://b:2"]);
    assert.equal(io.connectOptions.dialTimeoutMs, 50);
    assert.equal(io.connectOptions.keepAliveTimeMs, 20_000);
    const { tls: used } = io.connectOptions;
    assert.deepEqual(used?.ca, new TextEncoder().encode("ca"));
    assert.deepEqual([used?.cert, used?.key].map((text) => `${text}`.trim()), [
      certificate.trim(),
      key.trim(),
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("ctlMain() shows its credentials to the server, and asks for those it lacks", async () => {
  const answers: [args: string[], input: string, shown: string, token: string | undefined][] = [
    [["--user=ada:a:b"], "", 'ada, "a:b"', "issued"],
    [["--user=ada", "--password=x"], "", 'ada, "x"', "issued"],
    [["--user=ada"], "typed\n", 'ada, "typed"', "issued"],
    [["--auth-jwt-token=a.b.c"], "", "", "a.b.c"],
    [["--password=x"], "", "", undefined],
  ];
  for (const [args, input, shown, token] of answers) {
    const io = new CapturedIo(input);
    let seen = "";
    io.transport = {
      unary(path, request, options) {
        if (path === AUTH_SERVICE.authenticate.path) {
          const { name, password } = AuthenticateRequest.decode(request);
          seen = `${name}, ${JSON.stringify(password)}`;
          const response = AuthenticateResponse.create({ token: "issued" });
          return Promise.resolve(AuthenticateResponse.encode(response));
        }
        assert.equal(options?.token, token, args.join(" "));
        return Promise.resolve(RangeResponse.encode(RangeResponse.create()));
      },
      stream: () => {
        throw new Error("not reached");
      },
      close: () => Promise.resolve(),
    };
    assert.equal(await ctlMain([...args, "get", "k"], io), 0);
    assert.equal(seen, shown, args.join(" "));
    assert.equal(io.out, input === "" ? "" : "Password: \n");
  }
});

Deno.test("ctlMain() refuses a variable beside its flag", async () => {
  const io = new CapturedIo("", { ETCDCTL_ENDPOINTS: "a:1" });
  assert.equal(await ctlMain(["--endpoints=b:1", "get", "k"], io), 1);
  assert.match(io.err, /^Error: conflicting environment variable "ETCDCTL_ENDPOINTS" is shadowed/);
});

Deno.test("ctlMain() warns of variables that set nothing", async () => {
  const io = new CapturedIo("", {
    ETCDCTL_API: "3",
    ETCDCTL_COMMAND_TIMEOUT: "5",
    ETCDCTL_ENDPOINT: "a:1",
    ETCDCTL_WATCH_KEY: "k",
  });
  assert.equal(await ctlMain(["version"], io), 0);
  const lines = io.err.trimEnd().split("\n").map((line): unknown => JSON.parse(line));
  const ts = io.err.slice('{"level":"warn","ts":"'.length).split('"', 1)[0];
  assert.deepEqual(lines.map((line) => Object.assign({}, line, { ts })), [
    {
      level: "warn",
      ts,
      msg: "ignored environment variable",
      "environment-variable": "ETCDCTL_COMMAND_TIMEOUT",
      error: 'time: missing unit in duration "5"',
    },
    {
      level: "warn",
      ts,
      msg: "unrecognized environment variable",
      "environment-variable": "ETCDCTL_ENDPOINT",
    },
  ]);
});

Deno.test("ctlMain() prints versions and settings", async () => {
  const io = new CapturedIo();
  assert.equal(await ctlMain(["version", "--debug"], io), 0);
  assert.match(io.out, /^etcdctl version: 3\.\d+\.\d+\nAPI version: 3\.\d+\ndetcd version: .*\n$/);
  assert.match(io.err, /^ETCDCTL_AUTH_JWT_TOKEN=\n[^]*ETCDCTL_WRITE_OUT=simple\n$/);
});
