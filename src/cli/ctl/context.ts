import type { ClientTls, ConnectOptions } from "../../embed/client/network_transport.ts";
import type { ClientSession } from "../../embed/client/session.ts";
import type { Transport } from "../../embed/client/transport.ts";
import type { MessageCodec } from "../../pb/codec.ts";
import { type ByteText, plainText } from "./byte_text.ts";
import { reportUnreachable } from "./errors.ts";
import { badArguments, CtlError, EXIT_CODE } from "./exit_code.ts";
import type { FlagSet, Positionals } from "./flags/flag_set.ts";
import type { CtlIo } from "./io.ts";
import { newPrinter } from "./output/formats.ts";
import type { Printer } from "./output/printer.ts";

/** A method as src/pb/services.ts describes it. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** The shortest time between two probes that servers allow a client by default, with some room. */
const LEAST_KEEP_ALIVE_MS = 10_000;

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

  /** The servers that were named. */
  get endpoints(): string[] {
    if (this.flags.text("discovery-srv") !== "") {
      throw badArguments("--discovery-srv is not built yet");
    }
    return this.flags.texts("endpoints").map(plainText);
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
  session(endpoint?: string): Promise<ClientSession> {
    const endpoints = endpoint === undefined ? this.endpoints : [endpoint];
    const key = endpoints.join();
    const session = this.#sessions.get(key) ?? this.#open(endpoints);
    this.#sessions.set(key, session);
    return session;
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

  async #open(endpoints: readonly string[]): Promise<ClientSession> {
    // What cannot be printed need not be asked for.
    this.printerOf({ valueOnly: false });
    if (this.flags.text("user") !== "" || this.flags.text("password") !== "") {
      throw badArguments("--user and --password are not built yet");
    }
    if (endpoints.length === 0) {
      throw new CtlError(EXIT_CODE.badConnection, "etcdclient: no available endpoints");
    }
    const tls = this.#tls();
    const secured = endpoints.map((text) =>
      tls === undefined || text.includes("://") ? text : `https://${text}`
    );
    const transport = await this.#connect(secured, tls);
    this.#transports.push(transport);
    return { transport, clock: this.io.clock, closing: this.#closing.signal };
  }

  async #connect(endpoints: string[], tls: ClientTls | undefined): Promise<Transport> {
    const options: ConnectOptions = {
      // A command gives up when its own time is up, not before.
      dialTimeoutMs: this.timeoutMs,
      keepAliveTimeMs: Math.max(LEAST_KEEP_ALIVE_MS, this.flags.durationMs("keepalive-time")),
      keepAliveTimeoutMs: this.flags.durationMs("keepalive-timeout"),
      ...(tls === undefined ? {} : { tls }),
    };
    try {
      return await this.io.connect(endpoints, options);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw badArguments(error.message);
    }
  }

  /** What the flags say of TLS; undefined when they say nothing. */
  #tls(): ClientTls | undefined {
    const cert = this.#file("cert");
    const key = this.#file("key");
    const ca = this.#file("cacert");
    if ((cert === undefined) !== (key === undefined)) {
      const named = (flag: string) => this.flags.text(flag);
      const pair = `[key: ${named("key")}, cert: ${named("cert")}]`;
      throw badArguments(`KeyFile and CertFile must both be present${pair}`);
    }
    const insecureSkipVerify = this.flags.bool("insecure-skip-tls-verify");
    const isAsked = insecureSkipVerify || !this.flags.bool("insecure-transport");
    if (cert === undefined && ca === undefined && !isAsked) return undefined;
    return {
      insecureSkipVerify,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    };
  }

  #file(flag: string): Uint8Array | undefined {
    const path = plainText(this.flags.text(flag));
    if (path === "") return undefined;
    try {
      return this.io.readFile(path);
    } catch (cause) {
      const why = cause instanceof Deno.errors.NotFound
        ? "no such file or directory"
        : String(cause);
      throw new CtlError(EXIT_CODE.badArguments, `open ${path}: ${why}`, { cause });
    }
  }
}
