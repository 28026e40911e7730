import { join } from "node:path";
import { LibcSender } from "./unix_datagram_libc.ts";
import { systemPathOf } from "./unix_path.ts";

/** Sends datagrams to one unix socket, as systemd's services take them. */
export interface UnixDatagramSender {
  /** Rejects when nobody listens there, or does not take a datagram of this size. */
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): void;
}

/** The runtime, or the permissions it runs with, give no way to such sockets. */
export class UnixDatagramsUnavailable extends Error {
  override name = "UnixDatagramsUnavailable";

  constructor() {
    super(
      "this process cannot send datagrams to unix sockets: run it with --unstable-net, " +
        "or on Linux with --allow-ffi",
    );
  }
}

/**
 * Opens a sender to the socket at `path`; a path that begins with `@` is a name in Linux' abstract
 * namespace. Throws UnixDatagramsUnavailable where there is no way.
 */
export function openUnixDatagram(path: string): UnixDatagramSender {
  // Without --unstable-net the runtime does not have this function, whatever the types say.
  if ("listenDatagram" in Deno) return new RuntimeSender(path);
  if (Deno.build.os === "linux" && isFfiGranted()) return new LibcSender(path);
  throw new UnixDatagramsUnavailable();
}

function isFfiGranted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** The runtime's own datagram sockets. */
class RuntimeSender implements UnixDatagramSender {
  readonly #socket: Deno.DatagramConn;
  readonly #target: Deno.UnixAddr;

  constructor(path: string) {
    this.#target = { transport: "unixpacket", path: systemPathOf(path) };
    // The runtime wants a name for this end, too. Nobody answers, so it can go at once.
    const directory = Deno.makeTempDirSync({ prefix: "detcd-" });
    try {
      const own = join(directory, "sender");
      this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#socket.send(bytes, this.#target);
  }

  close(): void {
    this.#socket.close();
  }
}
