import { Client } from "../../embed/client/client.ts";
import type { Credentials } from "../../embed/client/transport/credentials.ts";
import type { ClientSession } from "../../embed/client/client_session.ts";
import type { Transport } from "../../embed/client/transport/transport.ts";
import type { MessageCodec } from "../../pb/codec.ts";
import { type ByteText, plainText } from "./byte_text.ts";
import { connect, type ConnectionTarget } from "./connection/connect.ts";
import { credentialsOfFlags } from "./connection/credentials.ts";
import { endpointsOfFlags } from "./connection/endpoints.ts";
import { tlsOfFlags } from "./connection/tls.ts";
import { reportUnreachable } from "./errors.ts";
import type { FlagSet, Positionals } from "./flags/flag_set.ts";
import type { CtlIo } from "./io.ts";
import { newPrinter } from "./output/formats.ts";
import type { Printer } from "./output/printer.ts";

/** A method as src/pb/services.ts describes it. */
interface Method<Request, Response> {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** What one command has to work with. */
export class CommandContext {
  readonly io: CtlIo;
  readonly flags: FlagSet;
  readonly args: readonly ByteText[];
  /** How many arguments stand before `--`; undefined when there is no `--`. */
  readonly beforeDashes: number | undefined;
  readonly #closing = new AbortController();
  readonly #transports: Transport[] = [];
  readonly #sessions = new Map<string, Promise<ClientSession>>();
  #endpoints: Promise<string[]> | undefined;
  #credentials: Promise<Credentials> | undefined;

  constructor(io: CtlIo, flags: FlagSet, positionals: Positionals) {
    this.io = io;
    this.flags = flags;
    this.args = positionals.args;
    this.beforeDashes = positionals.beforeDashes;
  }

  /** Prints in the format that was asked for. Throws a CtlError when there is no such format. */
  get printer(): Printer {
    return this.printerOf({ valueOnly: false });
  }

  /** The same, with or without the keys. */
  printerOf({ valueOnly }: { readonly valueOnly: boolean }): Printer {
    return newPrinter(plainText(this.flags.text("write-out")), {
      write: (bytes) => this.io.stdout(bytes),
      writeError: (bytes) => this.io.stderr(bytes),
      isHex: this.flags.bool("hex"),
      valueOnly,
    });
  }

  /** The servers that were named, or that the DNS names for a domain. */
  endpoints(): Promise<string[]> {
    this.#endpoints ??= endpointsOfFlags(this.io, this.flags);
    return this.#endpoints;
  }

  /** One request, one response, from the servers named or from the one given. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    fields: Partial<Request>,
    endpoint?: string,
  ): Promise<Response> {
    const { transport } = await this.session(endpoint);
    const request = method.request.encode(method.request.create(fields));
    return method.response.decode(await this.#unary(transport, method.path, request));
  }

  /** The connection to the servers named, or to the one given. */
  session(endpoint = ""): Promise<ClientSession> {
    const session = this.#sessions.get(endpoint) ?? this.#open(endpoint);
    this.#sessions.set(endpoint, session);
    return session;
  }

  /** A client of the servers named; it ends with the command. */
  async client(): Promise<Client> {
    const { transport, clock } = await this.session();
    return new Client(transport, clock);
  }

  /** A connection of its own: to other servers, or one more to the same. */
  async openSession(target: ConnectionTarget): Promise<ClientSession> {
    const transport = await connect(this.io, this.flags, target);
    this.#transports.push(transport);
    return { transport, clock: this.io.clock, closing: this.#closing.signal };
  }

  /** What is to be connected to, as the global flags say. */
  async target(endpoint = ""): Promise<ConnectionTarget> {
    const endpoints = endpoint === "" ? await this.endpoints() : [endpoint];
    this.#credentials ??= credentialsOfFlags(this.io, this.flags);
    const credentials = await this.#credentials;
    return { endpoints, credentials, tls: tlsOfFlags(this.io, this.flags) };
  }

  /** How long a command may wait for its answer. */
  get timeoutMs(): number {
    return this.flags.durationMs("command-timeout");
  }

  /** Ends what is still open. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }

  async #unary(transport: Transport, path: string, request: Uint8Array): Promise<Uint8Array> {
    const { timeoutMs } = this;
    try {
      return await transport.unary(path, request, { timeoutMs });
    } catch (error) {
      reportUnreachable(this.io, error);
      throw error;
    }
  }

  async #open(endpoint: string): Promise<ClientSession> {
    // What cannot be printed need not be asked for.
    this.printerOf({ valueOnly: false });
    return await this.openSession(await this.target(endpoint));
  }
}
