import type { Socket } from "node:net";
import type { WorkMeter } from "../base/work_meter.ts";

/** Who is at the other end of a connection, as far as the connection itself knows. */
export interface RemoteEnd {
  /** The address as the socket reports it; the empty string for unix sockets. */
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
  return { address: socket.remoteAddress ?? "", isEncrypted: false, commonName: undefined };
}
