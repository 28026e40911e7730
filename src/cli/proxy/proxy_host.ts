import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { closeLogging, configureLogging, roomLogger } from "../../embed/logging.ts";
import { byteText } from "../ctl/byte_text.ts";
import { FlagError, FlagSet } from "../ctl/flags/flag_set.ts";
import type { Environment } from "../environment.ts";
import { exitCodeOf, type SignalSource, StopWatch } from "../signals.ts";
import { notifySystemd } from "../systemd.ts";
import { boolFlag } from "../ctl/flags/flag.ts";
import { type ProxyCommand, usageText } from "./usage.ts";

/** What a gateway or a proxy needs of the process it runs in. */
export interface ProxyHost {
  readonly environment: Environment;
  readonly signals: SignalSource;
  readonly processId: number;
  readonly clock: Clock;
  print(text: string): void;
  printError(text: string): void;
  exit(code: number): void;
}

/** Something that serves until it is closed. */
export interface RunningProxy {
  close(): Promise<void>;
}

/** What the user has to put right; etcd prints it as it is. */
export class ProxyError extends Error {
  override name = "ProxyError";
}

/** Runs one of these commands until a signal ends it, and returns the exit code. */
export async function runProxy(
  command: ProxyCommand,
  args: readonly string[],
  host: ProxyHost,
  start: (flags: FlagSet, logger: Logger) => Promise<RunningProxy>,
): Promise<number> {
  const flags = new FlagSet([...command.flags, boolFlag("help", `help for start`, "h")]);
  try {
    flags.parse(args.map(byteText));
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    host.printError(`Error: ${error.message}\n${usageText(command)}\n`);
    return 1;
  }
  if (flags.bool("help")) {
    host.print(`${command.short}\n\n${usageText(command)}`);
    return 0;
  }
  const isDebug = command.flags.some(({ name }) => name === "debug") && flags.bool("debug");
  configureLogging({ level: isDebug ? "debug" : "info", format: "json", outputs: ["stderr"] });
  try {
    const logger = roomLogger("");
    logger.info("Running: ", { args: ["detcd", ...command.name.split(" "), ...args] });
    return await runUntilSignal(host, logger, () => start(flags, logger));
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    host.print(`${error.message}\n`);
    return 1;
  } finally {
    closeLogging();
  }
}

async function runUntilSignal(
  host: ProxyHost,
  logger: Logger,
  start: () => Promise<RunningProxy>,
): Promise<number> {
  using stopWatch = new StopWatch(
    host.signals,
    (signal) => host.exit(exitCodeOf(signal, host.processId)),
    host.clock,
  );
  const proxy = await start();
  await notifySystemd("READY=1", host.environment, logger);
  const signal = await stopWatch.first;
  logger.info("received signal; shutting down", { signal });
  await notifySystemd("STOPPING=1", host.environment, logger);
  await proxy.close();
  return exitCodeOf(signal, host.processId);
}
