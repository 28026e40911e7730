import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../base/clock.ts";
import { joinHostPort } from "../../base/host_port.ts";
import { type Sweepable, Sweeper } from "../http2/sweeper.ts";
import { TLS_LIMITS, type TlsLimits } from "../limits.ts";
import { remoteAddressOf, type RemoteEnd } from "../remote_end.ts";
import { BurstPacer } from "./burst_pacer.ts";
import type { CredentialError } from "./credential_error.ts";
import { CredentialFiles, type Credentials } from "./credential_files.ts";
import { EncryptedReading, readHandleOf } from "./encrypted_reading.ts";
import { HandshakeError, handshakeErrorOf } from "./handshake_error.ts";
import { HandshakePacer } from "./handshake_pacer.ts";
import { Handshaker } from "./handshaker.ts";
import type { NamesCheck } from "./names_check.ts";
import { checkSecured } from "./secured_check.ts";
import type { TlsOptions } from "./tls_options.ts";
import { UnreadGuard } from "./unread_guard.ts";

export interface TlsGateOptions extends TlsOptions {
  /** Hears of each connection that is refused. */
  readonly onRejected: (rejection: Rejection) => void;
  /** Hears of files that have changed and cannot be used; the old ones are used still. */
  readonly onUnusableFiles: (error: CredentialError) => void;
  readonly clock?: Clock;
  readonly limits?: TlsLimits;
}

/** A connection that was refused before it could ask for anything. */
export interface Rejection {
  /** Address and port, or "" for unix sockets. */
  readonly remoteAddress: string;
  readonly error: HandshakeError;
}

/** Takes over a connection that has passed. */
type SecuredListener = (socket: TLSSocket, remote: RemoteEnd) => void;

/** Reads a gate's files. Throws a CredentialError when they cannot be used. */
export async function openTlsGate(options: TlsGateOptions): Promise<TlsGate> {
  const files = new CredentialFiles(options, options.onUnusableFiles);
  return new TlsGate(options, files, await namesCheckFor(options));
}

/** The library that reads alternative names is loaded only where they matter. */
async function namesCheckFor(options: TlsGateOptions): Promise<NamesCheck | undefined> {
  const { requiresClientCertificate, allowedHostNames, checksClientAddress } = options;
  const namesMatter = allowedHostNames.length > 0 || checksClientAddress;
  if (!requiresClientCertificate || !namesMatter) return undefined;
  const { NamesCheck } = await import("./names_check.ts");
  return new NamesCheck(options);
}

/** Lets connections in that make a TLS handshake and keep the rules behind it. */
export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #limits: TlsLimits;
  readonly #clock: Clock;
  readonly #files: CredentialFiles;
  readonly #namesCheck: NamesCheck | undefined;
  readonly #sweeper: Sweeper;
  readonly #pacer: HandshakePacer;
  readonly #bursts: BurstPacer;
  readonly #unread: UnreadGuard;
  #credentials: Credentials;
  /** Made for the credentials, and none of them at work. */
  #idle: Handshaker[] = [];

  /** Use {@linkcode openTlsGate}. */
  constructor(options: TlsGateOptions, files: CredentialFiles, namesCheck: NamesCheck | undefined) {
    this.#options = options;
    this.#limits = options.limits ?? TLS_LIMITS;
    this.#clock = options.clock ?? systemClock;
    this.#files = files;
    this.#namesCheck = namesCheck;
    this.#credentials = files.current;
    this.#sweeper = new Sweeper(this.#clock, this.#limits.sweepIntervalMs);
    this.#pacer = new HandshakePacer(this.#clock, this.#limits.handshakesPerTurn);
    this.#bursts = new BurstPacer(this.#clock, this.#limits);
    this.#unread = new UnreadGuard(this.#clock, this.#limits);
  }

  /** Makes a handshake; `firstBytes` were read of the socket before. */
  accept(socket: Socket, firstBytes: Buffer, onSecured: SecuredListener): void {
    const entry = new Entry(socket, this.#clock.monotonicMs() + this.#limits.handshakeTimeoutMs);
    this.#sweeper.add(entry);
    socket.once("close", () => {
      this.#sweeper.remove(entry);
      if (!entry.hasBegun) this.#reject(entry, entry.isLate ? LATE : GONE);
    });
    socket.pause();
    socket.unshift(firstBytes);
    this.#pacer.pace(socket.remoteAddress ?? "", () => {
      if (!socket.destroyed) this.#begin(socket, entry, onSecured);
    });
  }

  #begin(socket: Socket, entry: Entry, onSecured: SecuredListener): void {
    entry.hasBegun = true;
    const credentials = this.#latestCredentials();
    const handshaker = this.#handshakerFor(credentials);
    if (handshaker instanceof HandshakeError) return this.#reject(entry, handshaker);
    handshaker.begin(socket, {
      secured: (secured) => {
        this.#release(handshaker, credentials);
        // Deno 2.9 tells of a broken record and leaves the connection as it is.
        secured.on("error", () => socket.destroy());
        this.#boundReading(socket, secured);
        void this.#admit(secured, entry, credentials, onSecured);
      },
      failed: (error) => {
        this.#release(handshaker, credentials);
        this.#reject(entry, entry.isLate ? LATE : error);
      },
    });
  }

  #boundReading(socket: Socket, secured: TLSSocket): void {
    const handle = readHandleOf(socket);
    if (handle === undefined) this.#unread.watch(socket, secured);
    else new EncryptedReading(socket, secured, handle, this.#bursts);
  }

  /** Turns a connection away that does not even begin a handshake. */
  refuse(socket: Socket): void {
    this.#reject(new Entry(socket, Infinity), NOT_TLS);
  }

  #latestCredentials(): Credentials {
    const latest = this.#files.current;
    if (latest !== this.#credentials) {
      this.#credentials = latest;
      this.#idle = [];
    }
    return latest;
  }

  /** Deno may find fault with credentials in which nothing was found before. */
  #handshakerFor(credentials: Credentials): Handshaker | HandshakeError {
    try {
      return this.#idle.pop() ?? new Handshaker(credentials, this.#options);
    } catch (error) {
      return handshakeErrorOf(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #release(handshaker: Handshaker, credentials: Credentials): void {
    const isLatest = credentials === this.#credentials;
    if (isLatest && this.#idle.length < this.#limits.idleHandshakers) this.#idle.push(handshaker);
  }

  async #admit(
    socket: TLSSocket,
    entry: Entry,
    credentials: Credentials,
    onSecured: SecuredListener,
  ): Promise<void> {
    const commonName = await this.#judge(socket, credentials);
    if (commonName instanceof HandshakeError) return this.#reject(entry, commonName);
    this.#sweeper.remove(entry);
    if (socket.destroyed) return;
    onSecured(socket, { address: remoteAddressOf(socket), isEncrypted: true, commonName });
  }

  /** The common name in the client's certificate if there is one, or why it must not come in. */
  async #judge(
    socket: TLSSocket,
    credentials: Credentials,
  ): Promise<string | undefined | HandshakeError> {
    try {
      const certificate = checkSecured(socket, this.#options, credentials, this.#clock.wallMs());
      if (certificate === undefined) return undefined;
      await this.#namesCheck?.check(certificate.der, remoteAddressOf(socket));
      return certificate.commonName;
    } catch (error) {
      if (error instanceof HandshakeError) return error;
      // Whoever cannot be judged must not come in.
      return new HandshakeError(`tls: cannot read the client's certificate: ${error}`, {
        cause: error,
      });
    }
  }

  #reject(entry: Entry, error: HandshakeError): void {
    this.#sweeper.remove(entry);
    entry.end();
    this.#options.onRejected({ remoteAddress: entry.remoteAddress, error });
  }
}

const LATE = new HandshakeError("i/o timeout");
const GONE = new HandshakeError("EOF");
const NOT_TLS = new HandshakeError("tls: first record does not look like a TLS handshake");

/** A connection on its way through the gate. */
class Entry implements Sweepable {
  readonly remoteAddress: string;
  isLate = false;
  /** Whether its handshake has; from then on the handshake tells how it ends. */
  hasBegun = false;
  readonly #socket: Socket;
  readonly #deadlineMs: number;

  constructor(socket: Socket, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    // A socket that is closed does not tell it any more.
    const address = remoteAddressOf(socket);
    this.remoteAddress = address === "" ? "" : joinHostPort(address, socket.remotePort ?? 0);
  }

  sweep(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.isLate = true;
    this.end();
  }

  end(): void {
    this.#socket.destroy();
  }
}
