import type { Setting } from "./setting.ts";
import { AUTH_SETTINGS } from "./settings_auth.ts";
import { CLUSTERING_SETTINGS } from "./settings_clustering.ts";
import { IGNORED_SETTINGS, LEGACY_SETTINGS } from "./settings_legacy.ts";
import { MEMBER_SETTINGS } from "./settings_member.ts";
import { LOGGING_SETTINGS, MONITORING_SETTINGS } from "./settings_monitoring.ts";
import { SECURITY_SETTINGS } from "./settings_security.ts";
import {
  OWN_SETTINGS,
  TRACING_SETTINGS,
  TUNING_SETTINGS,
  UNSAFE_SETTINGS,
} from "./settings_tuning.ts";

/**
 * Every setting there is. Flags, environment variables, keys of config files, help, documentation,
 * defaults and what is refused all come from this table.
 */
export const SETTINGS: readonly Setting[] = [
  ...Object.values(MEMBER_SETTINGS),
  ...Object.values(CLUSTERING_SETTINGS),
  ...Object.values(SECURITY_SETTINGS),
  ...Object.values(AUTH_SETTINGS),
  ...Object.values(MONITORING_SETTINGS),
  ...Object.values(LOGGING_SETTINGS),
  ...Object.values(TRACING_SETTINGS),
  ...Object.values(TUNING_SETTINGS),
  ...Object.values(UNSAFE_SETTINGS),
  ...Object.values(OWN_SETTINGS),
  ...Object.values(LEGACY_SETTINGS),
  ...IGNORED_SETTINGS,
];

const BY_FLAG: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.flatMap((setting) => setting.flag === undefined ? [] : [[setting.flag, setting]]),
);

/** The setting that a flag sets. */
export function settingOfFlag(flag: string): Setting | undefined {
  return BY_FLAG.get(flag);
}

/** The names of all flags that set something in a Config. */
export function flagNames(): string[] {
  return [...BY_FLAG.keys()];
}
