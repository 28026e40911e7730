import type { Logger } from "../base/log.ts";
import type { Environment } from "./environment.ts";

/** Where the service manager listens, if it started this process and wants to be told. */
const NOTIFY_SOCKET = "NOTIFY_SOCKET";

/** What the service manager is told: the process serves, or it is about to end. */
export type ServiceState = "READY=1" | "STOPPING=1";

/**
 * Tells systemd how the service is, if systemd asked for it. A failure is logged and no more: the
 * server serves whether somebody knows it or not.
 */
export async function notifySystemd(
  state: ServiceState,
  environment: Environment,
  logger: Logger,
): Promise<void> {
  const path = environment[NOTIFY_SOCKET] ?? "";
  if (path === "") return;
  try {
    logger.info("notifying init daemon", { state });
    // Loaded when somebody listens: it stays in memory as long as the process.
    const { openUnixDatagram } = await import("../net/unix_datagram.ts");
    const sender = openUnixDatagram(path);
    try {
      await sender.send(new TextEncoder().encode(state));
    } finally {
      sender.close();
    }
    logger.info("successfully notified init daemon", { state });
  } catch (error) {
    logger.error("failed to notify systemd", { state, error });
  }
}
