import { type Clock, systemClock } from "../../../base/clock.ts";
import { DenoFileSystem } from "../../../disk/deno_file_system.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import {
  type ClientTls,
  type ConnectOptions,
  openTransport,
} from "../../../embed/client/transport/network_transport.ts";
import type { Transport } from "../../../embed/client/transport/transport.ts";
import type { SrvResolver } from "../../srv_lookup.ts";
import type { ByteText } from "../byte_text.ts";
import { fetchText } from "../http_text.ts";
import type { CtlIo } from "../io.ts";
import type { ProgramFailure } from "../program.ts";

/** A world for one command: input is given, output is kept. */
export class CapturedIo implements CtlIo {
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock = systemClock;
  readonly fileSystem: FileSystem = new DenoFileSystem();
  isTerminal = false;
  /** Everything in the order in which it was printed: standard output and error. */
  out: ByteText = "";
  err: ByteText = "";
  /** Programs that were run. */
  readonly programs: { command: readonly ByteText[]; environment: Record<string, ByteText> }[] = [];
  /** What programs end with. */
  programResult: ProgramFailure | undefined;
  /** What `connect` gives instead of a connection. */
  transport: Transport | undefined;
  /** Endpoints that were connected to. */
  readonly connected: string[] = [];
  connectOptions: ConnectOptions = {};
  services: SrvResolver = () => Promise.resolve([]);
  readonly #interrupts = new Set<() => void>();
  #input: ByteText;
  #inputEnd: Promise<void> = Promise.resolve();

  constructor(input: ByteText = "", environment: Readonly<Record<string, string>> = {}) {
    this.#input = input;
    this.environment = environment;
  }

  /** Holds the end of the input back until this has resolved. */
  holdInput(until: Promise<void>): void {
    this.#inputEnd = until;
  }

  stdout(bytes: ByteText): void {
    this.out += bytes;
  }

  stderr(bytes: ByteText): void {
    this.err += bytes;
  }

  async readInput(): Promise<ByteText> {
    await this.#inputEnd;
    const input = this.#input;
    this.#input = "";
    return input;
  }

  async readLine(): Promise<ByteText | undefined> {
    const end = this.#input.indexOf("\n") + 1;
    if (end === 0) {
      await this.#inputEnd;
      return undefined;
    }
    const line = this.#input.slice(0, end);
    this.#input = this.#input.slice(end);
    return line;
  }

  async readSecret(): Promise<ByteText> {
    return (await this.readLine() ?? await this.readInput()).replace(/\n$/, "");
  }

  fetchText(url: string, tls: ClientTls | undefined): Promise<string> {
    return fetchText(url, tls);
  }

  onInterrupt(listener: () => void): () => void {
    this.#interrupts.add(listener);
    return () => this.#interrupts.delete(listener);
  }

  /** What a signal does. */
  interrupt(): void {
    for (const listener of [...this.#interrupts]) listener();
  }

  readFile(path: string): Uint8Array {
    return Deno.readFileSync(path);
  }

  async connect(endpoints: readonly string[], options: ConnectOptions): Promise<Transport> {
    this.connected.push(...endpoints);
    this.connectOptions = options;
    return this.transport ?? await openTransport(endpoints, options);
  }

  run(
    command: readonly ByteText[],
    environment: Record<string, ByteText>,
  ): Promise<ProgramFailure | undefined> {
    this.programs.push({ command, environment });
    return Promise.resolve(this.programResult);
  }
}
