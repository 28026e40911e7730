import type { Logger } from "../../base/log.ts";
import { getConfig, getLogger } from "../../deps/logtape.ts";
import { ConfigError } from "../config/errors.ts";
import type { HostLog } from "../logging.ts";

/** The LogTape category under which every part of a server logs. */
const LOG_CATEGORY = "detcd";

/**
 * The log of a program that embeds servers: what they say goes to the LogTape category `detcd`,
 * thus nowhere until the program configures LogTape. The command line, which always says itself
 * where the log goes, does without this library (3 MB of an idle server's memory).
 */
export const logTapeLog: HostLog = {
  logger(room: string): Logger {
    const logger = getLogger(room === "" ? [LOG_CATEGORY] : [LOG_CATEGORY, room]);
    return {
      debug: (message, fields = {}) => logger.debug(escapeBraces(message), { ...fields }),
      info: (message, fields = {}) => logger.info(escapeBraces(message), { ...fields }),
      warn: (message, fields = {}) => logger.warn(escapeBraces(message), { ...fields }),
      error: (message, fields = {}) => logger.error(escapeBraces(message), { ...fields }),
    };
  },
  requireUnconfigured(): void {
    if (getConfig() === null) return;
    throw new ConfigError(
      `this program has configured LogTape itself; add the category "${LOG_CATEGORY}" there`,
    );
  },
};

/** LogTape fills in braces of a message, which ours do not mean so. */
function escapeBraces(message: string): string {
  if (!message.includes("{") && !message.includes("}")) return message;
  return message.replaceAll("{", "{{").replaceAll("}", "}}");
}
