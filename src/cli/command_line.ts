import { nearestName } from "../base/edit_distance.ts";
import { formatGoDuration, nanosecondsFromMilliseconds } from "../base/go_duration.ts";
import { goQuote } from "../base/go_quote.ts";
import { Config } from "../embed/config/config.ts";
import {
  DEFAULT_WARNING_UNARY_REQUEST_DURATION_MS,
  MIN_RAFT_CONNECTION_TIMEOUT_MS,
} from "../embed/config/constants.ts";
import { ConfigError } from "../embed/config/errors.ts";
import { BOOL } from "../embed/config/scalar_kinds.ts";
import { V2_DEPRECATION_FLAG } from "../embed/config/settings_legacy.ts";
import { flagNames, settingOfFlag } from "../embed/config/settings_table.ts";
import { applyEnvironment, type Environment } from "./environment.ts";
import { type Flag, parseFlags } from "./flags.ts";
import type { Notice } from "./notice.ts";

/** What a command line asks for. */
type CommandLine = HelpWanted | VersionWanted | ServeWanted;

interface HelpWanted {
  readonly kind: "help";
}

interface VersionWanted {
  readonly kind: "version";
}

export interface ServeWanted {
  readonly kind: "serve";
  /** Not validated yet, since validating may log and the log is not set up yet. */
  readonly config: Config;
  /** The initial cluster of a configuration in which nothing is set. */
  readonly defaultInitialCluster: string;
  /** What to log once the log is set up. */
  readonly notices: readonly Notice[];
}

/** Flags that set nothing in a Config. */
interface MetaFlags {
  configFile: string;
  isVersionWanted: boolean;
}

/**
 * Reads the command line of the server and its environment. Throws a UsageError when the flags
 * cannot be read, and a ConfigError for everything else.
 */
export async function readCommandLine(
  args: readonly string[],
  environment: Environment,
): Promise<CommandLine> {
  const config = new Config();
  const defaultInitialCluster = config.initialCluster;
  const given = new Set<string>();
  const meta: MetaFlags = { configFile: "", isVersionWanted: false };
  const parsed = parseFlags(args, (name) => flagOf(name, config, given, meta), hintForFlag);
  if (parsed.isHelpWanted) return { kind: "help" };
  if (parsed.positional.length > 0) {
    throw new ConfigError(`${goQuote(parsed.positional[0])} is not a valid flag`);
  }
  if (meta.isVersionWanted) return { kind: "version" };
  const path = meta.configFile !== "" ? meta.configFile : environment["ETCD_CONFIG_FILE"] ?? "";
  if (path !== "") return await readFile(path, defaultInitialCluster);
  const notices = applyEnvironment(config, environment, given);
  notices.push(...finish(config, given));
  return { kind: "serve", config, defaultInitialCluster, notices };
}

/** The arguments as the log may show them: without the values of secret flags. */
export function shownArguments(args: readonly string[]): string[] {
  return args.map((argument, i) => {
    const [flag] = argument.split("=", 1);
    if (isSecret(flag)) return argument === flag ? flag : `${flag}=(hidden)`;
    return isSecret(args[i - 1] ?? "") ? "(hidden)" : argument;
  });
}

/** Whether an argument is a flag whose value is nobody's business, in either way to write it. */
function isSecret(argument: string): boolean {
  if (!argument.startsWith("-")) return false;
  return settingOfFlag(argument.replace(/^--?/, ""))?.isSecret ?? false;
}

function flagOf(
  name: string,
  config: Config,
  given: Set<string>,
  meta: MetaFlags,
): Flag | undefined {
  switch (name) {
    case "config-file":
      return { isSwitch: false, set: (text) => meta.configFile = text };
    case "version":
      return {
        isSwitch: true,
        set: (text) => meta.isVersionWanted = BOOL.fromText(text, false),
      };
  }
  const setting = settingOfFlag(name);
  if (setting === undefined) return undefined;
  function set(text: string): void {
    setting?.setFromText(config, text);
    given.add(name);
  }
  return { isSwitch: setting.isSwitch, set };
}

/** etcd called many of today's flags experimental once. */
function hintForFlag(name: string): string {
  const graduated = name.replace(/^experimental-/, "");
  const meant = settingOfFlag(graduated)?.flag ?? nearestName(name, flagNames());
  return meant === undefined ? "" : ` (did you mean --${meant}?)`;
}

/** With a config file, every other flag and all variables are ignored. */
async function readFile(path: string, defaultInitialCluster: string): Promise<ServeWanted> {
  // Loaded only here, since most servers are started without a file.
  const { readConfigFile } = await import("../embed/config/config_file.ts");
  const notice: Notice = {
    level: "info",
    message: "loaded server configuration, other configuration command line flags and " +
      "environment variables will be ignored if provided",
    fields: { path },
  };
  const config = readConfigFile(path);
  useDefaultWarningDuration(config);
  return { kind: "serve", config, defaultInitialCluster, notices: [notice] };
}

/** The changes that follow from which flags are given and which are not. */
function finish(config: Config, given: ReadonlySet<string>): Notice[] {
  if (config.discoveryFallback === "proxy") {
    throw new ConfigError(
      `v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`,
    );
  }
  const notices = raiseRaftTimeouts(config);
  if (given.has(V2_DEPRECATION_FLAG)) notices.push(V2_DEPRECATION_NOTICE);
  // Whoever chooses where to listen must say where clients find it.
  if (given.has("listen-client-urls") && !given.has("advertise-client-urls")) {
    config.advertiseClientUrls = [];
  }
  const isDiscovered = config.dnsCluster !== "" || config.dnsClusterServiceName !== "" ||
    config.discoveryCfg.endpoints.length > 0 || config.durl !== "";
  if (isDiscovered && !given.has("initial-cluster")) config.initialCluster = "";
  useDefaultWarningDuration(config);
  config.flagsExplicitlySet = new Set(given);
  return notices;
}

const V2_DEPRECATION_NOTICE: Notice = {
  level: "warn",
  message: `--${V2_DEPRECATION_FLAG} is deprecated and scheduled for removal in v3.8. ` +
    "The default value is enforced, ignoring user input.",
  fields: {},
};

/** Timeouts between members below the least are raised to it. */
function raiseRaftTimeouts(config: Config): Notice[] {
  const least = MIN_RAFT_CONNECTION_TIMEOUT_MS;
  const text = formatGoDuration(nanosecondsFromMilliseconds(least));
  const notices: Notice[] = [];
  function note(flag: string): void {
    const message = `${flag} increased to minimum value: ${text}`;
    notices.push({ level: "info", message, fields: {} });
  }
  if (config.raftReadTimeoutMs < least) {
    config.raftReadTimeoutMs = least;
    note("raft-read-timeout");
  }
  if (config.raftWriteTimeoutMs < least) {
    config.raftWriteTimeoutMs = least;
    note("raft-write-timeout");
  }
  return notices;
}

function useDefaultWarningDuration(config: Config): void {
  if (config.warningUnaryRequestDurationMs !== 0) return;
  config.warningUnaryRequestDurationMs = DEFAULT_WARNING_UNARY_REQUEST_DURATION_MS;
}
