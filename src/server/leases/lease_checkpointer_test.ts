import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../../base/manual_clock.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { MemoryFileSystem } from "../../disk/memory_file_system.ts";
import { LeaseGrantRequest } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../etcd_server.ts";
import { LeaseGrantOperation } from "../operations/lease.ts";
import type { LeaseConfig, ServerConfig } from "../server_config.ts";
import { startServer, testConfig } from "../testing/server_fixtures.ts";

const ON: LeaseConfig = { checkpoint: true, persistCheckpoints: false };
const OFF: LeaseConfig = { checkpoint: false, persistCheckpoints: false };
const PERSISTED: LeaseConfig = { checkpoint: true, persistCheckpoints: true };

const INTERVAL_SECONDS = 300;
/** A new leader grants an election timeout more. */
const EXTENSION_SECONDS = 1;

/** A member, its disk and its time, through restarts. */
class LongLived {
  readonly clock = new ManualClock();
  readonly #fileSystem = new MemoryFileSystem();
  #server: EtcdServer | undefined;

  get server(): EtcdServer {
    assert.ok(this.#server !== undefined, "the member was started");
    return this.#server;
  }

  async start(leases: LeaseConfig, overrides: Partial<ServerConfig> = {}): Promise<void> {
    await this.#server?.stop();
    const config = testConfig(this.#fileSystem, { clock: this.clock, leases, ...overrides });
    this.#server = await startServer(config);
  }

  grant(id: bigint, ttl: number): Promise<unknown> {
    const request = LeaseGrantRequest.create({ id, ttl });
    return new Promise((applied, failed) => {
      const operation = new LeaseGrantOperation(request, { applied, failed });
      this.server.proposeEncoded(operation, LeaseGrantRequest.encode(request));
    });
  }

  /** Lets time pass, and then what it started come to an end. */
  async pass(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000);
    while (this.server.pendingProposalCount > 0) await setImmediate();
  }

  leftOf(id: bigint): number {
    const times = this.server.lessor.timeToLive(id, this.clock.monotonicMs());
    assert.ok(times !== undefined, "there is such a lease");
    return times.remainingSeconds;
  }
}

async function withLongLived(use: (member: LongLived) => Promise<void>): Promise<void> {
  const member = new LongLived();
  await use(member);
  await member.server.stop();
  assert.equal(member.server.failure, undefined);
}

Deno.test("LeaseCheckpointer notes what is left of long leases, and a new leader uses it", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    await member.grant(1n, 1000);
    await member.grant(2n, INTERVAL_SECONDS);
    await member.pass(INTERVAL_SECONDS - 1);
    assert.equal(member.server.lessor.get(1n)?.remainingTtlSeconds, 0);
    await member.pass(1);
    const noted = member.server.lessor.get(1n)?.remainingTtlSeconds;
    assert.equal(noted, 1000 - INTERVAL_SECONDS);
    await member.pass(100);
    assert.equal(member.leftOf(1n), 600);
    await member.start(ON);
    assert.equal(member.leftOf(1n), 700 + EXTENSION_SECONDS);
    await member.start(OFF);
    assert.equal(member.leftOf(1n), 700 + EXTENSION_SECONDS, "what is noted is used in any case");
  }));

Deno.test("LeaseCheckpointer leaves short leases alone, which get their whole time", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    await member.grant(2n, INTERVAL_SECONDS);
    await member.pass(INTERVAL_SECONDS - 10);
    await member.start(ON);
    assert.equal(member.leftOf(2n), INTERVAL_SECONDS + EXTENSION_SECONDS);
  }));

Deno.test("LeaseCheckpointer goes on from interval to interval", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    await member.grant(1n, 1000);
    for (const left of [700, 400, 100]) {
      await member.pass(INTERVAL_SECONDS);
      assert.equal(member.server.lessor.get(1n)?.remainingTtlSeconds, left);
    }
  }));

Deno.test("LeaseCheckpointer notes nothing while its gate is off", () =>
  withLongLived(async (member) => {
    await member.start(OFF);
    await member.grant(1n, 1000);
    const { appliedIndex } = member.server;
    await member.pass(900);
    assert.equal(member.server.appliedIndex, appliedIndex);
    await member.start(OFF);
    assert.equal(member.leftOf(1n), 1000 + EXTENSION_SECONDS);
  }));

Deno.test("a renewal takes back what was noted of its lease", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    await member.grant(1n, 1000);
    await member.pass(INTERVAL_SECONDS);
    assert.equal(member.server.renewLease(1n), 1000);
    await member.pass(0);
    assert.equal(member.server.lessor.get(1n)?.remainingTtlSeconds, 0);
    await member.start(ON);
    assert.equal(member.leftOf(1n), 1000 + EXTENSION_SECONDS);
  }));

Deno.test("a renewal that comes too late notes nothing", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    await member.grant(1n, 400);
    await member.pass(INTERVAL_SECONDS);
    assert.equal(member.server.lessor.get(1n)?.remainingTtlSeconds, 100);
    member.clock.advance(100_000);
    assert.equal(member.server.renewLease(1n), 0);
    assert.equal(member.server.pendingProposalCount, 1, "that is the end of the lease");
    await member.pass(0);
    assert.equal(member.server.renewLease(1n), undefined);
  }));

Deno.test("a member that presents etcd before 3.6 stores what was noted only if it is told to", () =>
  withLongLived(async (member) => {
    const compatVersion = CompatVersion.of("3.5");
    assert.ok(compatVersion !== undefined);
    await member.start(ON, { compatVersion });
    await member.grant(1n, 1000);
    await member.server.backend.checkpoint();
    await member.pass(INTERVAL_SECONDS);
    assert.equal(member.server.lessor.get(1n)?.remainingTtlSeconds, 700);
    await member.start(PERSISTED, { compatVersion });
    assert.equal(member.leftOf(1n), 1000 + EXTENSION_SECONDS, "only the log said it");
    await member.pass(INTERVAL_SECONDS);
    await member.start(ON, { compatVersion });
    assert.equal(member.leftOf(1n), 701 + EXTENSION_SECONDS);
  }));

Deno.test("LeaseCheckpointer tells of a thousand leases in one entry", () =>
  withLongLived(async (member) => {
    await member.start(ON);
    for (let id = 1n; id <= 2500n; id++) await member.grant(id, 1000);
    const { appliedIndex } = member.server;
    await member.pass(INTERVAL_SECONDS + 1);
    assert.equal(member.server.appliedIndex, appliedIndex + 3);
    for (const lease of member.server.lessor.all()) {
      assert.ok(lease.remainingTtlSeconds > 0 && lease.remainingTtlSeconds <= 700);
    }
  }));
