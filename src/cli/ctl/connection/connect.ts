import {
  AuthenticatedTransport,
  withCredentials,
} from "../../../embed/client/transport/authenticated_transport.ts";
import { checkCredentials, type Credentials } from "../../../embed/client/transport/credentials.ts";
import { limitedWait } from "../../../embed/client/limited_wait.ts";
import type {
  ClientTls,
  ConnectOptions,
} from "../../../embed/client/transport/network_transport.ts";
import type { Transport } from "../../../embed/client/transport/transport.ts";
import { byteText } from "../byte_text.ts";
import { errorText } from "../errors.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";

/** Whom to connect to, as whom, and how. */
export interface ConnectionTarget {
  readonly endpoints: readonly string[];
  readonly credentials: Credentials;
  /** Undefined has endpoints without a scheme go without TLS. */
  readonly tls: ClientTls | undefined;
}

/** The shortest time between two probes that servers allow a client by default, with some room. */
const LEAST_KEEP_ALIVE_MS = 10_000;

/** What etcd's Go client sends at most unless it is told otherwise. */
const DEFAULT_MAX_SEND_BYTES = 2 * 1024 * 1024;

/**
 * Connects without waiting for the connection, unless somebody has to say who he is. Throws a
 * CtlError when the endpoints are none or the server does not take the credentials.
 */
export async function connect(
  io: CtlIo,
  flags: FlagSet,
  { endpoints, credentials, tls }: ConnectionTarget,
): Promise<Transport> {
  if (endpoints.length === 0) {
    throw new CtlError(EXIT_CODE.badConnection, "etcdclient: no available endpoints");
  }
  const secured = endpoints.map((text) =>
    tls === undefined || text.includes("://") ? text : `https://${text}`
  );
  const options = { ...connectOptions(flags), ...(tls === undefined ? {} : { tls }) };
  try {
    // What is wrong with them is told before there is a connection to close.
    checkCredentials(credentials);
    const transport = withCredentials(await io.connect(secured, options), io.clock, credentials);
    if (transport instanceof AuthenticatedTransport) await authenticate(io, flags, transport);
    return transport;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw badArguments(byteText(error.message));
  }
}

function connectOptions(flags: FlagSet): ConnectOptions {
  const maxSendBytes = flags.int64("max-request-bytes");
  const maxReceiveBytes = flags.int64("max-recv-bytes");
  return {
    // A command gives up when its own time is up, not before.
    dialTimeoutMs: flags.durationMs("command-timeout"),
    keepAliveTimeMs: Math.max(LEAST_KEEP_ALIVE_MS, flags.durationMs("keepalive-time")),
    keepAliveTimeoutMs: flags.durationMs("keepalive-timeout"),
    maxSendBytes: maxSendBytes > 0 ? maxSendBytes : DEFAULT_MAX_SEND_BYTES,
    ...(maxReceiveBytes > 0 ? { maxReceiveBytes } : {}),
  };
}

async function authenticate(
  io: CtlIo,
  flags: FlagSet,
  transport: AuthenticatedTransport,
): Promise<void> {
  const timeoutMs = flags.durationMs("dial-timeout");
  try {
    await limitedWait(transport.authenticate(), io.clock, { timeoutMs });
  } catch (error) {
    await transport.close();
    throw new CtlError(EXIT_CODE.badConnection, byteText(errorText(error)), { cause: error });
  }
}
