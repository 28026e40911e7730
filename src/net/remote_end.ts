import type { Socket } from "node:net";
import type { WorkMeter } from "../base/work_meter.ts";

/**
 * Who is at the other end of a connection, as far as the connection itself knows. Each connection
 * has one object of its own, by which it can be told from others.
 */
export interface RemoteEnd {
  /** The IP address, an IPv4 address in its own form; the empty string for unix sockets. */
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean;
  /** The common name in a certificate that was verified; undefined if none was shown. */
  readonly commonName: string | undefined;
  /** Wants to hear of work that its requests leave for later; undefined if one waits for the other. */
  readonly work?: WorkMeter | undefined;
}

/** The end of a call that never left this process. */
export const LOCAL_END: RemoteEnd = { address: "", isEncrypted: false, commonName: undefined };

/** What a plain socket tells. */
export function remoteEndOf(socket: Socket): RemoteEnd {
  return { address: remoteAddressOf(socket), isEncrypted: false, commonName: undefined };
}

/** Who listens on all IPv6 addresses hears of IPv4 addresses in the form of IPv6. */
const MAPPED_PREFIX = /^::ffff:(?=[0-9.]+$)/i;

/** The IP address at the other end of a socket; "" if there is none. */
export function remoteAddressOf({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string {
  return remoteAddress.replace(MAPPED_PREFIX, "");
}
