import { ETCD_ERRORS } from "../errors.ts";
import { checkClusterVersion } from "./cluster_version.ts";
import { type DowngradeInfo, NO_DOWNGRADE } from "./downgrade.ts";
import { computeClusterId } from "./member_id.ts";
import type { Member } from "./member.ts";

/** Who belongs to the cluster, who was removed from it, and the version all agree on. */
export class Membership {
  readonly clusterId: bigint;
  readonly #members = new Map<bigint, Member>();
  readonly #removed = new Set<bigint>();
  #clusterVersion: string | undefined;
  #downgrade: DowngradeInfo | undefined;
  #changeCount = 0;

  constructor(clusterId: bigint) {
    this.clusterId = clusterId;
  }

  /** The cluster that exactly these members bootstrap. */
  static clusterIdOf(members: readonly Member[]): bigint {
    return computeClusterId(members.map((member) => member.id));
  }

  /** All members by ascending ID. */
  list(): Member[] {
    return [...this.#members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** How many members there are. */
  get size(): number {
    return this.#members.size;
  }

  get(id: bigint): Member | undefined {
    return this.#members.get(id);
  }

  /** The version that every member supports, like `3.7.0`; undefined until it is decided. */
  get clusterVersion(): string | undefined {
    return this.#clusterVersion;
  }

  /** Throws ClusterVersionRefused for a version that this program must not run in. */
  setClusterVersion(version: string): void {
    checkClusterVersion(version);
    this.#clusterVersion = version;
    this.#changeCount++;
  }

  /** Whether the cluster is on its way to an older version. */
  get downgrade(): DowngradeInfo {
    return this.#downgrade ?? NO_DOWNGRADE;
  }

  /** What there is to store of it; undefined if nobody ever said anything about a downgrade. */
  get saidOfDowngrade(): DowngradeInfo | undefined {
    return this.#downgrade;
  }

  setDowngrade(downgrade: DowngradeInfo): void {
    this.#downgrade = downgrade;
    this.#changeCount++;
  }

  /** Grows with every change, so that whoever stores the membership knows when it has to. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** The IDs that never come back, ascending. */
  removedIds(): bigint[] {
    return [...this.#removed].sort((a, b) => (a < b ? -1 : 1));
  }

  /**
   * Replaces everything by what was stored. Throws ClusterVersionRefused for a version that this
   * program must not run in.
   */
  restore(
    members: readonly Member[],
    removed: readonly bigint[],
    clusterVersion: string | undefined,
  ): void {
    if (clusterVersion !== undefined) checkClusterVersion(clusterVersion);
    this.#members.clear();
    this.#removed.clear();
    for (const member of members) this.#members.set(member.id, member);
    for (const id of removed) this.#removed.add(id);
    this.#clusterVersion = clusterVersion;
    this.#downgrade = undefined;
    this.#changeCount++;
  }

  /** Adds a member. Throws etcd's error when its ID was used or a peer URL is taken. */
  add(member: Member): void {
    if (this.#removed.has(member.id)) throw ETCD_ERRORS.memberNotFound;
    if (this.#members.has(member.id)) throw ETCD_ERRORS.memberExist;
    this.#checkPeerUrls(member.id, member.peerUrls);
    this.#set(member);
  }

  /** Removes a member; its ID never comes back. */
  remove(id: bigint): void {
    if (!this.#members.delete(id)) throw ETCD_ERRORS.memberNotFound;
    this.#removed.add(id);
    this.#changeCount++;
  }

  /** Replaces the peer URLs of a member. Throws etcd's error when another one has one of them. */
  updatePeerUrls(id: bigint, peerUrls: readonly string[]): void {
    const member = this.#mustGet(id);
    this.#checkPeerUrls(id, peerUrls);
    this.#set({ ...member, peerUrls });
  }

  /** Records what a member has published of itself. */
  updateAttributes(id: bigint, name: string, clientUrls: readonly string[]): void {
    if (this.#removed.has(id)) return;
    this.#set({ ...this.#mustGet(id), name, clientUrls });
  }

  #checkPeerUrls(id: bigint, peerUrls: readonly string[]): void {
    for (const other of this.#members.values()) {
      if (other.id !== id && other.peerUrls.some((url) => peerUrls.includes(url))) {
        throw ETCD_ERRORS.peerURLExist;
      }
    }
  }

  #set(member: Member): void {
    this.#members.set(member.id, member);
    this.#changeCount++;
  }

  #mustGet(id: bigint): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw ETCD_ERRORS.memberNotFound;
    return member;
  }
}
