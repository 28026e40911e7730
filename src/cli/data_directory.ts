import { messageOf } from "../base/error_message.ts";
import type { Logger } from "../base/log.ts";
import { ConfigError } from "../embed/config/errors.ts";

/**
 * Looks what kind of data directory this is, and tells whether a member has been here. Throws a
 * ConfigError when it belongs to something else.
 */
export function hasMember(path: string, logger: Logger): boolean {
  const names = namesIn(path);
  const isMember = names.includes("member");
  const isProxy = names.includes("proxy");
  for (const name of names) {
    if (name === "member" || name === "proxy") continue;
    logger.warn("found invalid file under data directory", { filename: name, "data-dir": path });
  }
  if (isMember && isProxy) {
    throw new ConfigError("invalid datadir; both member and proxy directories exist");
  }
  if (isProxy) throw new ConfigError("v2 http proxy has already been deprecated in 3.6");
  return isMember;
}

function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    const why = messageOf(error);
    throw new ConfigError(`failed to list data directory ${path}: ${why}`, { cause: error });
  }
}
