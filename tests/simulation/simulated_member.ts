import { ETCD_ERRORS, EtcdError } from "../../src/core/errors.ts";
import { NOBODY } from "../../src/core/auth/requester.ts";
import { Prng } from "../../src/base/prng.ts";
import type { CompatVersion } from "../../src/core/members/compat_version.ts";
import type { FileSystem } from "../../src/disk/file_system.ts";
import {
  AlarmRequest,
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthUserAddRequest,
  AuthUserDeleteRequest,
  AuthUserGrantRoleRequest,
  CompactionRequest,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  TxnRequest,
} from "../../src/pb/etcdserverpb.ts";
import { EtcdServer } from "../../src/server/etcd_server.ts";
import { AlarmOperation } from "../../src/server/operations/alarm.ts";
import { AuthChanges } from "../../src/server/operations/auth_changes.ts";
import {
  CompactionOperation,
  DeleteRangeOperation,
  PutOperation,
  TxnOperation,
} from "../../src/server/operations/kv.ts";
import { LeaseGrantOperation, LeaseRevokeOperation } from "../../src/server/operations/lease.ts";
import type { Operation } from "../../src/server/operations/operation.ts";
import type {
  BackendConfig,
  CompactionConfig,
  DiskTestConfig,
  ServerConfig,
} from "../../src/server/server_config.ts";
import { testConfig } from "../../src/server/testing/server_fixtures.ts";
import type { Action } from "./actions.ts";
import type { History } from "./history.ts";
import type { World } from "./world.ts";

/** How a member is set up. */
export interface MemberSettings {
  readonly compatVersion: CompatVersion;
  readonly backend: BackendConfig;
  readonly compaction: CompactionConfig;
  readonly checksFileAtStart: boolean;
  /** Compares memory and file all the time. Nothing must ever be found. */
  readonly comparesFile: boolean;
  readonly forTests: DiskTestConfig;
  /** Puts something between the member and the disk. */
  readonly wrapDisk: (disk: FileSystem) => FileSystem;
}

/** So long that no proposal is ever given up. */
const ELECTION_TICKS = 100_000;

/** Who hears that an action is done, or has failed. */
interface ActionWaiter {
  applied(physical?: Promise<void>): void;
  failed(error: EtcdError): void;
}

/** A member on a simulated machine. */
export class SimulatedMember {
  readonly server: EtcdServer;
  readonly #world: World;
  readonly #history: History;
  #unanswered = 0;
  readonly #background = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  private constructor(world: World, history: History, server: EtcdServer) {
    this.#world = world;
    this.#history = history;
    this.server = server;
  }

  /** Starts a member on the world's disk and waits until it serves. Throws what hindered it. */
  static async start(
    world: World,
    history: History,
    settings: MemberSettings,
  ): Promise<SimulatedMember> {
    const config = configOf(world, settings);
    const server = await world.until("opening", EtcdServer.open(config));
    const member = new SimulatedMember(world, history, server);
    server.start();
    try {
      await world.until("starting", server.readyNotify);
    } catch (error) {
      await member.stop();
      throw server.failure ?? error;
    }
    return member;
  }

  /** Whether the member has not begun to stop. */
  get isRunning(): boolean {
    return this.#world.isAlive && this.server.failure === undefined && this.server.isReady;
  }

  /** How many clients wait for an answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** What went wrong although the machine was all right. */
  get failures(): unknown[] {
    return this.#failures;
  }

  /** Proposes an action and lets the history know of the answer. */
  propose(action: Action): void {
    this.#history.proposed(action);
    const waiter: ActionWaiter = {
      applied: (physical) => {
        this.#unanswered--;
        this.#answered(action, undefined);
        if (physical !== undefined) this.inBackground(physical);
      },
      failed: (error) => {
        this.#unanswered--;
        // With the first one nobody knows what becomes of the action.
        if (error !== ETCD_ERRORS.stopped) this.#answered(action, error);
      },
    };
    const { operation, bytes } = encode(action, waiter);
    this.#unanswered++;
    try {
      this.server.proposeEncoded(operation, bytes);
    } catch (error) {
      this.#unanswered--;
      this.#history.refused(action);
      if (error !== ETCD_ERRORS.stopped) this.#failed(error);
    }
  }

  /** Proposes an action and waits for what comes of it. */
  async perform(action: Action): Promise<void> {
    this.propose(action);
    await this.settled();
  }

  /** Waits until every client has an answer and nothing goes on in the background. */
  async settled(): Promise<void> {
    await this.#world.untilTrue("answering", () => this.#isSettled || !this.isRunning);
  }

  /** Something that takes its time, and may fail if the machine does. */
  inBackground(work: Promise<void>): void {
    const watched = work.catch((error) => this.#failed(error));
    this.#background.add(watched);
    watched.then(() => this.#background.delete(watched));
  }

  async stop(): Promise<void> {
    await this.#world.until("stopping", this.server.stop());
    if (this.server.failure !== undefined) this.#failed(this.server.failure);
  }

  get #isSettled(): boolean {
    return this.#unanswered === 0 && this.#background.size === 0;
  }

  #answered(action: Action, error: EtcdError | undefined): void {
    try {
      this.#history.answered(action, this.server.store.currentRevision, error);
    } catch (difference) {
      this.#failures.push(difference);
    }
  }

  #failed(error: unknown): void {
    if (!this.#world.isAlive || error === ETCD_ERRORS.stopped) return;
    this.#failures.push(error);
  }
}

function configOf(world: World, settings: MemberSettings): ServerConfig {
  const config = testConfig(settings.wrapDisk(world.newProcess()), {
    clock: world.clock,
    prng: new Prng(1),
    electionTicks: ELECTION_TICKS,
    initialElectionTickAdvance: true,
    forceNewCluster: false,
    compatVersion: settings.compatVersion,
    backend: settings.backend,
    compaction: settings.compaction,
    corruptionChecks: {
      initial: settings.checksFileAtStart,
      intervalMs: settings.comparesFile ? 1 : 0,
      compactHashIntervalMs: settings.comparesFile ? 1 : 0,
    },
  });
  return { ...config, disk: config.disk && { ...config.disk, forTests: settings.forTests } };
}

function encode(action: Action, waiter: ActionWaiter): { operation: Operation; bytes: Uint8Array } {
  const { failed } = waiter;
  const done = { applied: () => waiter.applied(), failed };
  switch (action.kind) {
    case "put": {
      const operation = new PutOperation(action.request, done);
      return { operation, bytes: PutRequest.encode(action.request) };
    }
    case "delete": {
      const operation = new DeleteRangeOperation(action.request, done);
      return { operation, bytes: DeleteRangeRequest.encode(action.request) };
    }
    case "txn": {
      const operation = new TxnOperation(action.request, done);
      return { operation, bytes: TxnRequest.encode(action.request) };
    }
    case "grant": {
      const operation = new LeaseGrantOperation(action.request, done);
      return { operation, bytes: LeaseGrantRequest.encode(action.request) };
    }
    case "revoke": {
      const operation = new LeaseRevokeOperation(action.request, done);
      return { operation, bytes: LeaseRevokeRequest.encode(action.request) };
    }
    case "compact": {
      const operation = new CompactionOperation(action.request, waiter);
      return { operation, bytes: CompactionRequest.encode(action.request) };
    }
    case "alarm": {
      const operation = new AlarmOperation(action.request, done);
      return { operation, bytes: AlarmRequest.encode(action.request) };
    }
    case "addRole": {
      const operation = AuthChanges.roleAdd.operation(action.request, done, NOBODY);
      return { operation, bytes: AuthRoleAddRequest.encode(action.request) };
    }
    case "deleteRole": {
      const operation = AuthChanges.roleDelete.operation(action.request, done, NOBODY);
      return { operation, bytes: AuthRoleDeleteRequest.encode(action.request) };
    }
    case "addUser": {
      const operation = AuthChanges.userAdd.operation(action.request, done, NOBODY);
      return { operation, bytes: AuthUserAddRequest.encode(action.request) };
    }
    case "deleteUser": {
      const operation = AuthChanges.userDelete.operation(action.request, done, NOBODY);
      return { operation, bytes: AuthUserDeleteRequest.encode(action.request) };
    }
    case "grantRole": {
      const operation = AuthChanges.userGrantRole.operation(action.request, done, NOBODY);
      return { operation, bytes: AuthUserGrantRoleRequest.encode(action.request) };
    }
  }
}
