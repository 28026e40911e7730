import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Config } from "../embed/config/config.ts";
import { DEFAULT_LOG_OUTPUT, STD_ERR_LOG_OUTPUT } from "../embed/config/constants.ts";
import { ConfigError, ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG } from "../embed/config/errors.ts";
import { severityOf } from "../embed/log/log_line.ts";
import { closeLogging, lineLogger } from "../embed/logging.ts";
import { readCommandLine, type ServeWanted, shownArguments } from "./command_line.ts";
import { hasMember } from "./data_directory.ts";
import type { Environment } from "./environment.ts";
import { UsageError } from "./flags.ts";
import { helpText, USAGE } from "./help.ts";
import { logNotices } from "./notice.ts";
import { notifySystemd, type ServiceState } from "./systemd.ts";
import { exitCodeOf, type SignalSource, type StopSignal, StopWatch } from "./signals.ts";

/** A running server, as far as this command needs it. */
export interface RunningEtcd {
  readonly server: {
    /** Resolves once requests are served; rejects when the server stops before. */
    readyNotify(): Promise<void>;
  };
  /** The first thing it yields is why the server cannot go on; it ends when the server stops. */
  err(): AsyncIterable<Error>;
  /** Stops the server; what is under way is finished first. */
  close(): Promise<void>;
}

/** What the command needs of the process it runs in. */
export interface ServeHost {
  readonly environment: Environment;
  readonly signals: SignalSource;
  readonly processId: number;
  readonly clock: Clock;
  startEtcd(config: Config): Promise<RunningEtcd>;
  print(text: string): void;
  printError(text: string): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Runs a server until it is told to stop, and returns the exit code of the process. */
export async function serve(args: readonly string[], host: ServeHost): Promise<number> {
  try {
    const commandLine = await readCommandLine(args, host.environment);
    switch (commandLine.kind) {
      case "help":
        host.print(helpText());
        return 0;
      case "version":
        await printVersion(host);
        return 0;
      case "serve":
        return await runServer(commandLine, host, args);
    }
  } catch (error) {
    if (error instanceof UsageError) {
      host.printError(`${error.message}\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof ConfigError)) throw error;
    // The command line did not even say how to log.
    logBadConfig(lineLogger("json", (line) => host.printError(line)), error);
    return 1;
  }
}

async function printVersion(host: ServeHost): Promise<void> {
  const { versionText } = await import("./version.ts");
  host.print(versionText());
}

async function runServer(
  { config, defaultInitialCluster, notices }: ServeWanted,
  host: ServeHost,
  args: readonly string[],
): Promise<number> {
  config.setupLogging();
  try {
    const logger = loggerOf(config);
    logNotices(logger, notices);
    logger.info("Running: ", { args: shownArguments(args) });
    if (!prepare(config, defaultInitialCluster, host, logger)) return 1;
    return await runUntilStopped(config, host, logger);
  } finally {
    closeLogging();
  }
}

/** Checks the configuration and fills in what follows from it. Returns false when it is bad. */
function prepare(
  config: Config,
  defaultInitialCluster: string,
  host: ServeHost,
  logger: Logger,
): boolean {
  try {
    config.validate();
    useDefaultHost(config, defaultInitialCluster, logger);
    if (!config.memoryOnly) chooseDataDirectory(config, logger);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    logBadConfig(failureLogger(config, host, logger), error);
    return false;
  }
}

function useDefaultHost(config: Config, defaultInitialCluster: string, logger: Logger): void {
  const { host, error } = config.updateDefaultClusterFromName(defaultInitialCluster);
  if (host !== "") logger.info("detected default host for advertise", { host });
  if (error !== undefined) logger.info("failed to detect default host", { error });
}

function chooseDataDirectory(config: Config, logger: Logger): void {
  if (config.dir === "") {
    config.dir = `${config.name}.etcd`;
    logger.warn("'data-dir' was empty; using default", { "data-dir": config.dir });
  }
  const message = hasMember(config.dir, logger)
    ? "server has already been initialized"
    : "Initialize and start etcd server";
  logger.info(message, { "data-dir": config.dir });
}

/** What ended the server. */
type Ending =
  | { readonly kind: "signal"; readonly signal: StopSignal }
  | { readonly kind: "failure"; readonly error: Error }
  | { readonly kind: "stopped" };

async function runUntilStopped(config: Config, host: ServeHost, logger: Logger): Promise<number> {
  using stopWatch = new StopWatch(
    host.signals,
    (signal) => host.exit(exitCodeOf(signal, host.processId)),
    host.clock,
  );
  const etcd = await startOrReport(config, host, logger);
  if (etcd === undefined) return 1;
  const notify = (state: ServiceState) => notifySystemd(state, host.environment, logger);
  const readiness = etcd.server.readyNotify().then(() => notify("READY=1"), () => {
    // Why it stopped before is told below.
  });
  const ending = await Promise.race([signalled(stopWatch), ended(etcd)]);
  if (ending.kind === "signal") {
    logger.info("received signal; shutting down", { signal: ending.signal });
  } else if (ending.kind === "failure") {
    failureLogger(config, host, logger).error("the server failed", { error: ending.error });
  }
  await notify("STOPPING=1");
  const isClosed = await closeOrReport(etcd, config, host, logger);
  await readiness;
  if (!isClosed) return 1;
  if (ending.kind === "signal") return exitCodeOf(ending.signal, host.processId);
  return ending.kind === "failure" ? 1 : 0;
}

async function startOrReport(
  config: Config,
  host: ServeHost,
  logger: Logger,
): Promise<RunningEtcd | undefined> {
  try {
    return await host.startEtcd(config);
  } catch (error) {
    failureLogger(config, host, logger).error("failed to start", { error });
    if (error instanceof Error) logger.debug("where it failed", { stack: error.stack });
    return undefined;
  }
}

/** Returns false when the server could not be stopped in order. */
async function closeOrReport(
  etcd: RunningEtcd,
  config: Config,
  host: ServeHost,
  logger: Logger,
): Promise<boolean> {
  try {
    await etcd.close();
    return true;
  } catch (error) {
    failureLogger(config, host, logger).error("failed to stop in order", { error });
    return false;
  }
}

async function signalled(stopWatch: StopWatch): Promise<Ending> {
  return { kind: "signal", signal: await stopWatch.first };
}

async function ended(etcd: RunningEtcd): Promise<Ending> {
  for await (const error of etcd.err()) return { kind: "failure", error };
  return { kind: "stopped" };
}

function loggerOf(config: Config): Logger {
  return config.getLogger("etcdmain");
}

/** Why a server does not run must reach whoever started it, wherever its log goes. */
function failureLogger(config: Config, host: ServeHost, logger: Logger): Logger {
  const outputs = config.logOutputs;
  const isStandardError = outputs.includes(DEFAULT_LOG_OUTPUT) ||
    outputs.includes(STD_ERR_LOG_OUTPUT);
  // The levels panic and fatal let no error through.
  if (isStandardError && severityOf(config.logLevel) !== "fatal") return logger;
  const standardError = lineLogger(config.logFormat, (line) => host.printError(line));
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    warn(message, fields) {
      logger.warn(message, fields);
      standardError.warn(message, fields);
    },
    error(message, fields) {
      logger.error(message, fields);
      standardError.error(message, fields);
    },
  };
}

function logBadConfig(logger: Logger, error: ConfigError): void {
  logger.error("failed to verify flags", { error });
  if (error === ERR_UNSET_ADVERTISE_CLIENT_URLS_FLAG) {
    logger.warn("clients need to be told where to find this server", {
      example: "--advertise-client-urls=http://192.0.2.1:2379",
    });
  }
}
