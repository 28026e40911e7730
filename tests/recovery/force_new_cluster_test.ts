import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLUSTER_SERVICE, KV_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { freePorts, ServerProcess, type StartOptions } from "../harness/server_process.ts";
import { commandOf, type TargetName, whyMissing } from "../harness/targets.ts";

const MEMBER_COUNT = 3;
const KEY_COUNT = 50;
const VALUE = new TextEncoder().encode("value");

/** A running cluster of real etcd members, which share a folder. */
class EtcdCluster {
  readonly folder = mkdtempSync(join(tmpdir(), "etcd-cluster-"));
  readonly #children: Deno.ChildProcess[] = [];

  private constructor(readonly clientPorts: readonly number[], readonly initialCluster: string) {}

  static async start(program: string, flags: readonly string[]): Promise<EtcdCluster> {
    const ports = await freePorts(2 * MEMBER_COUNT);
    const peerPorts = ports.slice(MEMBER_COUNT);
    const initialCluster = peerPorts.map((port, i) => `m${i}=http://127.0.0.1:${port}`).join(",");
    const cluster = new EtcdCluster(ports.slice(0, MEMBER_COUNT), initialCluster);
    for (const [i, port] of peerPorts.entries()) cluster.#launch(program, i, port, flags);
    return cluster;
  }

  dataDir(i: number): string {
    return join(this.folder, `m${i}`);
  }

  async kill(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map((child) => child.status));
    this.#children.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #launch(program: string, i: number, peerPort: number, flags: readonly string[]): void {
    const client = `http://127.0.0.1:${this.clientPorts[i]}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    const command = new Deno.Command(program, {
      args: [
        `--name=m${i}`,
        `--data-dir=${this.dataDir(i)}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${this.initialCluster}`,
        ...flags,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    this.#children.push(command.spawn());
  }
}

async function untilServing(client: GrpcClient): Promise<void> {
  for (;;) {
    try {
      await client.call(KV_SERVICE.range, { key: "k" }, { deadlineMs: 1000 });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function fill(port: number): Promise<void> {
  const client = new GrpcClient(`127.0.0.1:${port}`);
  try {
    await untilServing(client);
    for (let i = 0; i < KEY_COUNT; i++) {
      await client.call(KV_SERVICE.put, { key: `k${i}`, value: VALUE });
    }
  } finally {
    await client.close();
  }
}

/** The only member left serves what was acknowledged, takes writes and knows of nobody else. */
async function checkSurvivor(server: ServerProcess): Promise<void> {
  const client = new GrpcClient(server.endpoint);
  try {
    const { kvs } = await client.call(KV_SERVICE.range, { key: "k", rangeEnd: "l" });
    assert.equal(kvs.length, KEY_COUNT);
    const { members } = await client.call(CLUSTER_SERVICE.memberList);
    assert.deepEqual(members.map(({ name }) => name), ["m1"]);
    await client.call(KV_SERVICE.put, { key: "j", value: VALUE });
  } finally {
    await client.close();
  }
}

/** Starts a server, has a look at it and stops it in order. */
async function checkServer(target: TargetName, options: StartOptions): Promise<void> {
  const server = await ServerProcess.start(target, options);
  try {
    await checkSurvivor(server);
    await server.stop();
  } finally {
    await server.dispose();
  }
}

interface Case {
  readonly etcd: TargetName;
  readonly etcdFlags: readonly string[];
  readonly survivorFlags: readonly string[];
}

const CASES: readonly Case[] = [
  { etcd: "etcd", etcdFlags: [], survivorFlags: ["--compat-version=3.4"] },
  // Members in the file, and a log that snapshots have cut.
  { etcd: "etcd-3.7", etcdFlags: ["--snapshot-count=20"], survivorFlags: [] },
];

for (const { etcd, etcdFlags, survivorFlags } of CASES) {
  const missing = whyMissing(etcd);
  Deno.test({
    name: `--force-new-cluster saves the last member of a cluster of ${etcd}` +
      (missing === undefined ? "" : ` - not run: ${missing}`),
    ignore: missing !== undefined,
    async fn() {
      const [program] = commandOf(etcd);
      await using cluster = await EtcdCluster.start(program, etcdFlags);
      await fill(cluster.clientPorts[0]);
      // Time for the last commit index to reach the others' logs.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await cluster.kill();

      const options = { dataDir: cluster.dataDir(1) };
      const flags = [
        "--name=m1",
        `--initial-cluster=${cluster.initialCluster}`,
        `--initial-advertise-peer-urls=${cluster.initialCluster.split(",")[1].slice("m1=".length)}`,
        "--force-new-cluster",
      ];
      // What etcd makes of the same directory is what has to come out.
      const copy = { dataDir: `${options.dataDir}-copy` };
      cpSync(options.dataDir, copy.dataDir, { recursive: true });
      await checkServer(etcd, { ...copy, flags });
      await checkServer("detcd", { ...options, flags: [...flags, ...survivorFlags] });
      // Once forced, it is an ordinary member: of detcd, and of the etcd it came from.
      await checkServer("detcd", {
        ...options,
        flags: [
          ...survivorFlags,
          "--name=m1",
          "--initial-cluster=m1=http://127.0.0.1:1",
          "--initial-advertise-peer-urls=http://127.0.0.1:1",
        ],
      });
      await checkServer(etcd, { ...options, flags: ["--name=m1"] });
    },
  });
}
