import { goQuote } from "../base/go_quote.ts";
import type { Config } from "../embed/config/config.ts";
import { ConfigError, ValueError } from "../embed/config/errors.ts";
import { environmentName, type Setting } from "../embed/config/settings/setting.ts";
import { SETTINGS } from "../embed/config/settings/settings_table.ts";
import type { Notice } from "./notice.ts";

/** The variables of a process. */
export type Environment = Readonly<Record<string, string>>;

const PREFIX = "ETCD_";

/** etcd's own container images set this one, and it must not be taken for the flag `version`. */
const IMAGE_VERSION = "ETCD_VERSION";

/** Variables that have another meaning than that of a flag. */
const SPECIAL = new Set([IMAGE_VERSION, "ETCD_CONFIG_FILE", "ETCD_UNSUPPORTED_ARCH"]);

/**
 * Sets what environment variables say and no flag has said, and adds the flags that it sets to
 * `given`. Throws a ConfigError when a variable and its flag are both there, or when a value
 * cannot be read.
 */
export function applyEnvironment(
  config: Config,
  environment: Environment,
  given: Set<string>,
): Notice[] {
  checkConflicts(environment, given);
  const notices = unknownVariables(environment);
  for (const { setting, flag } of settingsWithFlags()) {
    const variable = environmentName(flag);
    const text = environment[variable];
    // An empty variable is an unset one, as in etcd.
    if (text === undefined || text === "") continue;
    setFromVariable(config, setting, variable, text);
    given.add(flag);
    notices.push({
      level: "info",
      message: "recognized and used environment variable",
      fields: {
        "variable-name": variable,
        "variable-value": setting.isSecret ? "(hidden)" : text,
      },
    });
  }
  return notices;
}

function settingsWithFlags(): { setting: Setting; flag: string }[] {
  return SETTINGS.flatMap((setting) =>
    setting.flag === undefined ? [] : [{ setting, flag: setting.flag }]
  );
}

function checkConflicts(environment: Environment, given: ReadonlySet<string>): void {
  for (const flag of given) {
    const variable = environmentName(flag);
    if (environment[variable] === undefined || SPECIAL.has(variable)) continue;
    throw new ConfigError(
      "conflicting environment variable is shadowed by corresponding command-line flag " +
        `(either unset environment variable or disable flag)): ${variable}`,
    );
  }
}

function unknownVariables(environment: Environment): Notice[] {
  const known = new Set(settingsWithFlags().map(({ flag }) => environmentName(flag)));
  const notices: Notice[] = [];
  for (const variable of Object.keys(environment)) {
    if (variable === IMAGE_VERSION) {
      notices.push({
        level: "warn",
        message: "cannot set special environment variable",
        fields: { key: variable, value: environment[variable] },
      });
    } else if (variable.startsWith(PREFIX) && !known.has(variable) && !SPECIAL.has(variable)) {
      notices.push({
        level: "warn",
        message: "unrecognized environment variable",
        // Without its value: what nobody recognizes may be a secret.
        fields: { "environment-variable": variable },
      });
    }
  }
  return notices;
}

function setFromVariable(config: Config, setting: Setting, variable: string, text: string): void {
  try {
    setting.setFromText(config, text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const shown = setting.isSecret ? "(hidden)" : goQuote(text);
    throw new ConfigError(`invalid value ${shown} for ${variable}: ${error.message}`, {
      cause: error,
    });
  }
}
