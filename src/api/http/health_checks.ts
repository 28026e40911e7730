import { messageOf } from "../../base/error_message.ts";
import { AlarmType } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { CheckType, HealthCounts } from "./health_counts.ts";
import { getOnly, type HttpHandler, textResponse } from "./http_message.ts";
import { probeRead } from "./probe_read.ts";

/** Finds out one thing; rejects with why it is not well. */
type Check = (server: EtcdServer) => Promise<void>;

/** What each question is made of, in the order in which it is answered. */
const CHECKS: Readonly<Record<CheckType, ReadonlyMap<string, Check>>> = {
  livez: new Map([["serializable_read", (server) => probeRead(server, true)]]),
  readyz: new Map([
    ["data_corruption", checkNoCorruption],
    ["serializable_read", (server) => probeRead(server, true)],
    ["linearizable_read", (server) => probeRead(server, false)],
    ["non_learner", checkNoLearner],
  ]),
};

/**
 * The handlers of /livez and /readyz, and of each check below them, by path. `verbose` tells the
 * checks that were made, as an answer that fails does anyway; `exclude` leaves checks out.
 */
export function healthCheckHandlers(
  server: EtcdServer,
  counts: HealthCounts,
): Map<string, HttpHandler> {
  const handlers = new Map<string, HttpHandler>();
  for (const type of ["livez", "readyz"] as const) {
    const report = new HealthReport(server, counts, type);
    const names = [...CHECKS[type].keys()];
    handlers.set(
      `/${type}`,
      getOnly(({ query }) => report.answer(report.without(names, query.getAll("exclude")), query)),
    );
    for (const name of names) {
      handlers.set(`/${type}/${name}`, getOnly(({ query }) => report.answer([name], query)));
    }
  }
  return handlers;
}

/** Makes the checks of one question. */
class HealthReport {
  readonly #server: EtcdServer;
  readonly #counts: HealthCounts;
  readonly #type: CheckType;

  constructor(server: EtcdServer, counts: HealthCounts, type: CheckType) {
    this.#server = server;
    this.#counts = counts;
    this.#type = type;
  }

  /** Leaves out what is excluded. What is not there cannot be, and does no harm. */
  without(names: readonly string[], excluded: readonly string[]): string[] {
    const missing = excluded.filter((name) => name !== "" && !names.includes(name));
    if (missing.length > 0) {
      this.#server.config.logger.warn("some health checks cannot be excluded", {
        "missing-health-checks": missing.join(","),
      });
    }
    return names.filter((name) => !excluded.includes(name));
  }

  async answer(names: readonly string[], query: URLSearchParams) {
    let isGood = true;
    let lines = "";
    for (const name of names) {
      const problem = await this.#check(name);
      isGood &&= problem === undefined;
      lines += problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`;
    }
    if (isGood) return textResponse(200, query.has("verbose") ? `${lines}ok\n` : "ok\n");
    this.#server.config.logger.error("health check error", { type: this.#type, reason: lines });
    return textResponse(503, `${lines}\n`);
  }

  async #check(name: string): Promise<string | undefined> {
    let problem: string | undefined;
    try {
      await CHECKS[this.#type].get(name)?.(this.#server);
    } catch (error) {
      problem = messageOf(error);
    }
    this.#counts.checked(this.#type, name, problem === undefined);
    return problem;
  }
}

function checkNoCorruption({ alarms }: EtcdServer): Promise<void> {
  if (!alarms.hasType(AlarmType.CORRUPT)) return Promise.resolve();
  return Promise.reject(new Error("alarm activated: CORRUPT"));
}

function checkNoLearner({ isLearner }: EtcdServer): Promise<void> {
  if (!isLearner) return Promise.resolve();
  return Promise.reject(new Error("not supported for learner"));
}
