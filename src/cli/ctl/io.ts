import { bytesFromLatin1 } from "../../base/bytes.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { DenoFileSystem } from "../../disk/deno_file_system.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import type { ClientTls, ConnectOptions } from "../../embed/client/transport/network_transport.ts";
import type { Transport } from "../../embed/client/transport/transport.ts";
import { processSignals, STOP_SIGNALS } from "../signals.ts";
import type { SrvResolver } from "../srv_lookup.ts";
import { writeAll } from "../write_all.ts";
import type { ByteText } from "./byte_text.ts";
import { InputReader } from "./input_reader.ts";
import { type ProgramFailure, runProgram } from "./program.ts";
import { readSecret } from "./secret_input.ts";

/** What a command needs of the world, so that tests can stand in for it. */
export interface CtlIo {
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly fileSystem: FileSystem;
  /** Whether a person watches standard error. */
  readonly isTerminal: boolean;
  stdout(bytes: ByteText): void;
  stderr(bytes: ByteText): void;
  /** All that is left of standard input. */
  readInput(): Promise<ByteText>;
  /** The next line of standard input with its end; undefined when there is no whole line left. */
  readLine(): Promise<ByteText | undefined>;
  /**
   * The next line of standard input without its end, or what is left of it. A terminal does not
   * show what is typed.
   */
  readSecret(): Promise<ByteText>;
  /** A file whose name stood on the command line. */
  readFile(path: string): Uint8Array;
  /** A page from the web, such as a server's metrics. Rejects with a message that says why not. */
  fetchText(url: string, tls: ClientTls | undefined): Promise<string>;
  /** Has a signal that would end the program call this instead, until the result is called. */
  onInterrupt(listener: () => void): () => void;
  /** Asks the DNS for servers. */
  readonly services: SrvResolver;
  /** Connects without waiting for the connection. */
  connect(endpoints: readonly string[], options: ConnectOptions): Promise<Transport>;
  /**
   * Runs a program with additional environment variables; what it prints goes where this command
   * prints. Resolves with what went wrong, or undefined.
   */
  run(
    command: readonly ByteText[],
    environment: Readonly<Record<string, ByteText>>,
  ): Promise<ProgramFailure | undefined>;
}

/** The process's own streams, environment and network. */
export function systemIo(): CtlIo {
  const input = new InputReader(Deno.stdin.readable);
  return {
    environment: Deno.env.toObject(),
    clock: systemClock,
    fileSystem: new DenoFileSystem(),
    isTerminal: Deno.stderr.isTerminal(),
    stdout: (bytes) => writeAll(Deno.stdout, bytesFromLatin1(bytes)),
    stderr: (bytes) => writeAll(Deno.stderr, bytesFromLatin1(bytes)),
    readInput: () => input.rest(),
    readLine: () => input.line(),
    readSecret: () => readSecret(input),
    readFile: (path) => Deno.readFileSync(path),
    async fetchText(url, tls) {
      const { fetchText } = await import("./http_text.ts");
      return await fetchText(url, tls);
    },
    onInterrupt,
    services: (name) => Deno.resolveDns(name, "SRV"),
    async connect(endpoints, options) {
      const { openTransport } = await import("../../embed/client/transport/network_transport.ts");
      return await openTransport(endpoints, options);
    },
    run: runProgram,
  };
}

function onInterrupt(listener: () => void): () => void {
  for (const signal of STOP_SIGNALS) processSignals.listen(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) processSignals.unlisten(signal, listener);
  };
}
