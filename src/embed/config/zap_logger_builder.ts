import type { Logger } from "../../base/log.ts";
import type { Config } from "./config.ts";

/**
 * Makes a `zapLoggerBuilder` that hands out one logger.
 *
 * @example
 * ```ts
 * import { type Logger, newMemoryConfig, newZapLoggerBuilder, startEtcd } from "@detcd/detcd";
 *
 * const lines: string[] = [];
 * const add = (message: string): void => void lines.push(message);
 * const logger: Logger = { debug: add, info: add, warn: add, error: add };
 * const config = newMemoryConfig();
 * config.zapLoggerBuilder = newZapLoggerBuilder(logger);
 * await using etcd = await startEtcd(config);
 * await etcd.server.readyNotify();
 * if (lines.length === 0) throw new Error("nothing was logged");
 * ```
 */
export function newZapLoggerBuilder(logger: Logger): (config: Config) => Logger {
  return () => logger;
}
