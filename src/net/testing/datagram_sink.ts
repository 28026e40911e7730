import { TextLineStream } from "./text_lines.ts";

/** Python makes the socket, so that what is tested is not its own judge. */
const PROGRAM = `
import socket, sys
path = sys.argv[1]
sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sink.bind("\\0" + path[1:] if path.startswith("@") else path)
print("bound", flush=True)
while True:
    print(sink.recv(1 << 20).hex(), flush=True)
`;

/** A unix datagram socket whose datagrams a test reads. */
export class DatagramSink implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(path: string) {
    this.#process = new Deno.Command("python3", {
      args: ["-c", PROGRAM, path],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#process.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  /** Whether this machine has what it takes. */
  static isAvailable(): boolean {
    try {
      return new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" })
        .outputSync().success;
    } catch {
      return false;
    }
  }

  static async open(path: string): Promise<DatagramSink> {
    const sink = new DatagramSink(path);
    await sink.#lines.read();
    return sink;
  }

  /** The next datagram as text. */
  async next(): Promise<string> {
    return new TextDecoder().decode(await this.nextBytes());
  }

  async nextBytes(): Promise<Uint8Array> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("the socket was closed");
    return Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }

  /** Takes nothing any more. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#lines.cancel();
    await this.#process.status;
  }
}
