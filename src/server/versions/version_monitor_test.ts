import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../../base/manual_clock.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { Membership } from "../../core/members/membership.ts";
import { MemoryFileSystem } from "../../disk/memory_file_system.ts";
import { DowngradeInfoSetRequest } from "../../pb/membershippb.ts";
import type { EtcdServer } from "../etcd_server.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { DowngradeInfoSetOperation } from "../operations/cluster.ts";
import { put, startServer, testConfig } from "../testing/server_fixtures.ts";
import { type MonitoredMember, VersionMonitor } from "./version_monitor.ts";

/** A cluster of one member, through restarts as other versions. */
class VersionedMember {
  readonly #clock = new ManualClock();
  readonly #fileSystem = new MemoryFileSystem();
  #server: EtcdServer | undefined;

  get server(): EtcdServer {
    assert.ok(this.#server !== undefined, "the member was started");
    return this.#server;
  }

  /** The versions of the cluster and of the B-tree file, and where a downgrade goes to. */
  get versions(): [string | undefined, string | undefined, string] {
    const { membership, storageVersion } = this.server;
    return [membership.clusterVersion, storageVersion, membership.downgrade.targetVersion];
  }

  get snapshotCount(): number {
    return this.#fileSystem.readDirectory("/data/member/snap")
      .filter((name) => name.endsWith(".snap"))
      .length;
  }

  async start(line: string): Promise<void> {
    await this.#server?.stop();
    const compatVersion = CompatVersion.of(line);
    assert.ok(compatVersion !== undefined);
    const config = testConfig(this.#fileSystem, { clock: this.#clock, compatVersion });
    this.#server = await startServer(config);
  }

  set(enabled: boolean, ver: string): Promise<void> {
    const request = DowngradeInfoSetRequest.create({ enabled, ver });
    return new Promise((applied, failed) => {
      const operation = new DowngradeInfoSetOperation(request, { applied, failed });
      this.server.proposeEncoded(operation, DowngradeInfoSetRequest.encode(request));
    });
  }

  /** Lets the monitor look once, and what it does come to an end. */
  async pass(): Promise<void> {
    this.#clock.advance(5_000);
    while (this.server.pendingProposalCount > 0) await setImmediate();
    await this.server.backend.checkpoint();
  }
}

async function withMember(use: (member: VersionedMember) => Promise<void>): Promise<void> {
  const member = new VersionedMember();
  await use(member);
  await member.server.stop();
  assert.equal(member.server.failure, undefined);
}

Deno.test("VersionMonitor takes the cluster down, with a snapshot behind what is too new", () =>
  withMember(async (member) => {
    await member.start("3.7");
    await put(member.server, "a", "1");
    await member.pass();
    assert.deepEqual(member.versions, ["3.7.0", "3.7.0", ""]);
    assert.equal(member.snapshotCount, 0);
    await member.set(true, "3.6.0");
    assert.deepEqual(member.versions, ["3.7.0", "3.7.0", "3.6.0"]);
    await member.pass();
    assert.deepEqual(member.versions, ["3.6.0", "3.6.0", "3.6.0"]);
    assert.equal(member.snapshotCount, 1);
    await member.pass();
    await member.start("3.7");
    await member.pass();
    assert.deepEqual(member.versions, ["3.6.0", "3.6.0", "3.6.0"], "it waits for a 3.6");
  }));

Deno.test("VersionMonitor takes the cluster up again when the downgrade is cancelled", () =>
  withMember(async (member) => {
    await member.start("3.7");
    await member.set(true, "3.6.0");
    await member.pass();
    await member.set(false, "");
    assert.deepEqual(member.versions, ["3.6.0", "3.6.0", ""]);
    await member.pass();
    assert.deepEqual(member.versions, ["3.7.0", "3.7.0", ""]);
  }));

Deno.test("VersionMonitor ends the downgrade once the member is of the version, or below", () =>
  withMember(async (member) => {
    for (const [line, storageVersion] of [["3.6", "3.6.0"], ["3.5", undefined]] as const) {
      await member.start("3.7");
      await member.set(true, "3.6.0");
      await member.pass();
      await member.start(line);
      assert.deepEqual(member.versions, [`${line}.0`, storageVersion, "3.6.0"]);
      await member.pass();
      assert.deepEqual(member.versions, [`${line}.0`, storageVersion, ""]);
    }
  }));

Deno.test("VersionMonitor goes down to 3.5, whose file says nothing of its form", () =>
  withMember(async (member) => {
    await member.start("3.6");
    await put(member.server, "a", "1");
    await member.set(true, "3.5.0");
    await member.pass();
    assert.deepEqual(member.versions, ["3.5.0", undefined, "3.5.0"]);
    for (const line of ["3.6", "3.5"]) {
      await member.start(line);
      assert.deepEqual(member.versions, ["3.5.0", undefined, "3.5.0"], line);
      assert.deepEqual(member.server.membership.list().map(({ name }) => name), ["test"]);
    }
    await member.pass();
    await member.start("3.6");
    assert.deepEqual(member.versions, ["3.6.0", "3.6.0", ""]);
  }));

Deno.test("VersionMonitor ends a downgrade that the cluster has left behind", () =>
  withMember(async (member) => {
    await member.start("3.7");
    await member.set(true, "3.6.0");
    await member.start("3.4");
    await member.pass();
    assert.deepEqual(
      member.versions,
      ["3.4.0", undefined, "3.6.0"],
      "etcd 3.4 knows no such entry",
    );
    await member.start("3.7");
    await member.pass();
    await member.pass();
    assert.deepEqual(member.versions, ["3.7.0", "3.7.0", ""]);
  }));

Deno.test("VersionMonitor leaves a cluster alone whose downgrade makes no sense", () =>
  withMember(async (member) => {
    await member.start("3.7");
    await member.set(true, "3.5.0");
    await member.pass();
    assert.deepEqual(member.versions, ["3.7.0", "3.7.0", "3.5.0"]);
  }));

Deno.test("VersionMonitor tells the member of a defect", async () => {
  const clock = new ManualClock();
  const defect = new TypeError("planted");
  const failures: unknown[] = [];
  const membership = new Membership(1n);
  const member: MonitoredMember = {
    memberId: 1n,
    config: testConfig(undefined, { clock }),
    membership,
    leads: true,
    newRequestId: () => 1n,
    propose() {},
    proposeOwn() {},
    proposeEncoded() {
      throw defect;
    },
  };
  const monitor = new VersionMonitor(member, (error) => void failures.push(error));
  monitor.start();
  clock.advance(SERVER_LIMITS.clusterVersionCheckMs);
  await setImmediate();
  monitor.stop();
  assert.deepEqual(failures, [defect]);
  assert.equal(clock.timerCount, 0);
});
