import type { EtcdServer } from "../server/etcd_server.ts";

/**
 * The member behind an {@linkcode Etcd}: its notifications, its identity and how far it is.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await etcd.server.readyNotify();
 * if (etcd.server.leader() !== etcd.server.memberId()) throw new Error("who else leads?");
 * ```
 */
export class RunningServer {
  readonly #server: EtcdServer;

  /** Made by {@linkcode startEtcd}. */
  constructor(server: EtcdServer) {
    this.#server = server;
  }

  /**
   * Resolves once the member serves requests. Rejects with an Error (`etcdserver: server stopped`)
   * when it stops before.
   */
  readyNotify(): Promise<void> {
    return this.#server.readyNotify;
  }

  /** Resolves when the member begins to stop. */
  stoppingNotify(): Promise<void> {
    return this.#server.stoppingNotify;
  }

  /** Resolves when the member has stopped and its files are closed. */
  stopNotify(): Promise<void> {
    return this.#server.stopNotify;
  }

  /**
   * Stops the member but leaves its listeners open; {@linkcode Etcd.close} closes both. What was
   * acknowledged is on the disk; who still waits gets `etcdserver: server stopped`.
   */
  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** The same as {@linkcode RunningServer.stop} for a single member, which has nobody to hand over to. */
  hardStop(): Promise<void> {
    return this.#server.stop();
  }

  /** Whether the member has begun to serve requests. */
  get isReady(): boolean {
    return this.#server.isReady;
  }

  /** This member's ID. */
  memberId(): bigint {
    return this.#server.memberId;
  }

  /** The cluster's ID. */
  clusterId(): bigint {
    return this.#server.clusterId;
  }

  /** The leader's ID, `0n` while there is none. */
  leader(): bigint {
    return this.#server.leader;
  }

  /** Raft's current term. */
  term(): number {
    return this.#server.term;
  }

  /** The store's current revision. */
  revision(): number {
    return this.#server.store.currentRevision;
  }

  /** The index of the last committed log entry. */
  committedIndex(): number {
    return this.#server.committedIndex;
  }

  /** The index of the last applied log entry. */
  appliedIndex(): number {
    return this.#server.appliedIndex;
  }
}
