import { parsePackageLevels } from "../log/package_levels.ts";
import { parseLogRotation } from "../log/rotation_config.ts";
import { configureLogging } from "../logging.ts";
import type { Config } from "./config.ts";
import { checkLogging } from "./validation.ts";

/** See Config.setupLogging(). */
export function setUpLogging(config: Config): void {
  checkLogging(config);
  const { levels, unreadable } = parsePackageLevels(config.logPkgLevels);
  configureLogging({
    level: config.logLevel,
    format: config.logFormat,
    outputs: config.logOutputs,
    rotation: config.enableLogRotation ? parseLogRotation(config.logRotationConfigJson) : undefined,
    roomLevels: levels,
  });
  if (unreadable.length === 0) return;
  config.getLogger("embed").warn("cannot read some of the log levels", {
    "log-package-levels": unreadable,
  });
}
