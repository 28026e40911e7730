import type { Socket } from "node:net";

/**
 * Who is at the other end of a connection, as far as the connection itself knows. Each connection
 * has one object of its own, by which it can be told from others.
 */
export interface RemoteEnd {
  /** The address as the socket reports it; the empty string for unix sockets. */
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean;
  /** The common name in a certificate that was verified; undefined if none was shown. */
  readonly commonName: string | undefined;
}

/** The end of a call that never left this process. */
export const LOCAL_END: RemoteEnd = { address: "", isEncrypted: false, commonName: undefined };

/** What a plain socket tells. */
export function remoteEndOf(socket: Socket): RemoteEnd {
  return { address: socket.remoteAddress ?? "", isEncrypted: false, commonName: undefined };
}
