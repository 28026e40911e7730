import type { UnixDatagramSender } from "./unix_datagram.ts";
import { systemPathOf } from "./unix_path.ts";

// Numbers of Linux, the only system where this is used.
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** What a sockaddr_un has room for. */
const LONGEST_PATH_BYTES = 108;

const LIBC_SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // On a thread of its own: whoever should take the datagram may let it wait.
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "isize",
    nonblocking: true,
  },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Sends through the C library, where the runtime was started without its own way. */
export class LibcSender implements UnixDatagramSender {
  readonly #library = Deno.dlopen("libc.so.6", LIBC_SYMBOLS);
  readonly #descriptor: number;
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#address = socketAddressOf(path);
    this.#descriptor = this.#library.symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#descriptor < 0) {
      this.#library.close();
      throw new Error("cannot make a unix datagram socket");
    }
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const sent = await this.#library.symbols.sendto(
      this.#descriptor,
      bytes,
      BigInt(bytes.length),
      MSG_NOSIGNAL,
      this.#address,
      this.#address.length,
    );
    if (Number(sent) === bytes.length) return;
    throw new Error(`nobody takes datagrams of this size at ${this.#path}`);
  }

  close(): void {
    this.#library.symbols.close(this.#descriptor);
    this.#library.close();
  }
}

/** A sockaddr_un: the family, then the path. Abstract names go by their length, paths end with 0. */
function socketAddressOf(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(systemPathOf(path));
  if (name.length >= LONGEST_PATH_BYTES) {
    throw new Error(`the path of the unix socket is too long: ${path}`);
  }
  const address = new Uint8Array(2 + name.length + (path.startsWith("@") ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
