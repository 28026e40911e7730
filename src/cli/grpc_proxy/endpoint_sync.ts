import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { MemberListRequest, MemberListResponse } from "../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../pb/services.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import type { Upstream } from "./upstream.ts";

/** Asks the cluster now and then who its members are, so that new ones are used and old ones not. */
export class EndpointSync {
  readonly #upstream: Upstream;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(upstream: Upstream, intervalMs: number, clock: Clock, logger: Logger) {
    this.#upstream = upstream;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => void this.#sync());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #sync(): Promise<void> {
    try {
      const endpoints = await this.#memberUrls();
      if (!this.#isStopped && this.#upstream.useEndpoints(endpoints)) {
        this.#logger.info("the cluster's endpoints have changed", { endpoints });
      }
    } catch (error) {
      this.#logger.warn("failed to sync endpoints", { error });
    }
    if (!this.#isStopped) this.start();
  }

  /** Where the members that can serve are. */
  async #memberUrls(): Promise<string[]> {
    const request = MemberListRequest.encode(MemberListRequest.create());
    const { path } = CLUSTER_SERVICE.memberList;
    const timeoutMs = GRPC_PROXY_LIMITS.dialTimeoutMs;
    const bytes = await this.#upstream.unary(path, request, undefined, timeoutMs);
    const { members } = MemberListResponse.decode(bytes);
    // Who has no name has not started yet.
    return members.filter(({ isLearner, name }) => !isLearner && name !== "")
      .flatMap(({ clientUrls }) => clientUrls);
  }
}
