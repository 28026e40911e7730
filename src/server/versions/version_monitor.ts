import type { Timer } from "../../base/clock.ts";
import { EtcdError } from "../../core/errors.ts";
import { minorOf } from "../../core/members/compat_version.ts";
import { DowngradeInfoSetRequest } from "../../pb/membershippb.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { DowngradeInfoSetOperation } from "../operations/cluster.ts";
import type { Operation } from "../operations/operation.ts";
import { publishClusterVersion, type PublishingMember } from "./publisher.ts";

/** The member whose cluster is looked after. */
export interface MonitoredMember extends PublishingMember {
  readonly leads: boolean;
  proposeOwn(operation: Operation, bytes: Uint8Array): void;
}

/** The first 3.x that knows what the log says of downgrades. */
const FIRST_MINOR_WITH_DOWNGRADES = 5;

/**
 * Takes the cluster to the version that a downgrade asks for, back when it is cancelled, and ends
 * the downgrade once this member is of that version. Only the leader does.
 */
export class VersionMonitor {
  readonly #member: MonitoredMember;
  readonly #failed: (error: unknown) => void;
  #versionTimer: Timer | undefined;
  #downgradeTimer: Timer | undefined;

  /** `failed` hears of what is thrown on the way, which is a defect. */
  constructor(member: MonitoredMember, failed: (error: unknown) => void) {
    this.#member = member;
    this.#failed = failed;
  }

  start(): void {
    this.#watchVersion();
    this.#watchDowngrade();
  }

  stop(): void {
    this.#versionTimer?.cancel();
    this.#downgradeTimer?.cancel();
  }

  #watchVersion(): void {
    const { clock } = this.#member.config;
    this.#versionTimer = clock.setTimer(SERVER_LIMITS.clusterVersionCheckMs, () => {
      if (this.#member.leads) this.#publishVersion();
      this.#watchVersion();
    });
  }

  #watchDowngrade(): void {
    const { clock, downgradeCheckMs } = this.#member.config;
    this.#downgradeTimer = clock.setTimer(downgradeCheckMs, () => {
      if (this.#member.leads && this.#isDowngraded()) this.#endDowngrade();
      this.#watchDowngrade();
    });
  }

  #publishVersion(): void {
    publishClusterVersion(this.#member).catch((error) => {
      if (!(error instanceof EtcdError)) return this.#failed(error);
      this.#member.config.logger.warn("could not change the cluster version", {
        error: error.message,
      });
    });
  }

  /**
   * Also when the member is of a version below the target, or was: a downgrade that is behind it
   * would hold the cluster where it is.
   */
  #isDowngraded(): boolean {
    const { membership, config: { compatVersion: { minor } } } = this.#member;
    const { enabled, targetVersion } = membership.downgrade;
    if (!enabled || minor < FIRST_MINOR_WITH_DOWNGRADES) return false;
    const target = minorOf(targetVersion) ?? 0;
    return minor <= target || (minorOf(membership.clusterVersion ?? "") ?? 0) < target;
  }

  #endDowngrade(): void {
    const { config: { logger }, membership } = this.#member;
    logger.info("the cluster has been downgraded", {
      "cluster-version": membership.downgrade.targetVersion,
    });
    const request = DowngradeInfoSetRequest.create({ enabled: false });
    const operation = new DowngradeInfoSetOperation(request);
    this.#member.proposeOwn(operation, DowngradeInfoSetRequest.encode(request));
  }
}
