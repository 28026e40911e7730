import { openFileLimit } from "../api/metrics/process_files.ts";
import type { Logger } from "../base/log.ts";
import { LISTENER_LIMITS, type ListenerLimits } from "../net/limits.ts";
import { ConfigError } from "./config/errors.ts";

/** Files and connections to other members need descriptors too; etcd reserves as many. */
const RESERVED_DESCRIPTORS = 150;

/**
 * How many connections each listener takes, which must leave some descriptors to the rest of the
 * server. Throws a ConfigError when there are too few for that.
 */
export function connectionLimits(
  logger: Logger,
  limit: number | undefined = openFileLimit(),
): ListenerLimits {
  if (limit === undefined) return LISTENER_LIMITS;
  if (limit <= RESERVED_DESCRIPTORS) {
    const message = "file descriptor limit of etcd process is too low; please set higher";
    logger.error(message, { limit, "recommended-limit": RESERVED_DESCRIPTORS });
    throw new ConfigError(`${message} (it is ${limit}, and ${RESERVED_DESCRIPTORS} are reserved)`);
  }
  const maxConnections = Math.min(LISTENER_LIMITS.maxConnections, limit - RESERVED_DESCRIPTORS);
  return { ...LISTENER_LIMITS, maxConnections };
}
