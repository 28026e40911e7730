import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../base/clock.ts";
import { joinHostPort } from "../../base/host_port.ts";
import { type Sweepable, Sweeper } from "../http2/sweeper.ts";
import { TLS_LIMITS, type TlsLimits } from "../limits.ts";
import type { RemoteEnd } from "../remote_end.ts";
import { type CredentialError, CredentialFiles, type Credentials } from "./credential_files.ts";
import { HandshakeError } from "./handshake_error.ts";
import { Handshaker } from "./handshaker.ts";
import { checkSecured } from "./secured_check.ts";
import type { TlsOptions } from "./tls_options.ts";

export interface TlsGateOptions extends TlsOptions {
  /** Hears of each connection that is refused. */
  readonly onRejected: (rejection: Rejection) => void;
  /** Hears of files that have changed and cannot be used. */
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
export type SecuredListener = (socket: TLSSocket, remote: RemoteEnd) => void;

/** Lets connections in that make a TLS handshake and keep the rules behind it. */
export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #limits: TlsLimits;
  readonly #clock: Clock;
  readonly #files: CredentialFiles;
  readonly #sweeper: Sweeper;
  #credentials: Credentials;
  /** Made for the credentials, and none of them at work. */
  #idle: Handshaker[] = [];

  /** Use {@linkcode openTlsGate}. */
  constructor(options: TlsGateOptions, files: CredentialFiles) {
    this.#options = options;
    this.#limits = options.limits ?? TLS_LIMITS;
    this.#clock = options.clock ?? systemClock;
    this.#files = files;
    this.#credentials = files.current;
    this.#sweeper = new Sweeper(this.#clock, this.#limits.sweepIntervalMs);
  }

  /** Makes a handshake; `firstBytes` were read of the socket before. */
  accept(socket: Socket, firstBytes: Buffer, onSecured: SecuredListener): void {
    const credentials = this.#latestCredentials();
    const handshaker = this.#idle.pop() ?? new Handshaker(credentials, this.#options);
    const handshake = new Handshake(
      socket,
      this.#clock.monotonicMs() + this.#limits.handshakeTimeoutMs,
    );
    this.#sweeper.add(handshake);
    socket.once("close", () => this.#sweeper.remove(handshake));
    socket.pause();
    socket.unshift(firstBytes);
    handshaker.begin(socket, {
      secured: (secured) => {
        this.#ended(handshake, handshaker, credentials);
        this.#admit(secured, handshake.remoteAddress, credentials, onSecured);
      },
      failed: (error) => {
        this.#ended(handshake, handshaker, credentials);
        socket.destroy();
        this.#reject(handshake.remoteAddress, handshake.isLate ? LATE : error);
      },
    });
  }

  /** Turns a connection away that does not even begin a handshake. */
  refuse(socket: Socket): void {
    const remoteAddress = remoteAddressOf(socket);
    socket.destroy();
    this.#reject(remoteAddress, NOT_TLS);
  }

  #latestCredentials(): Credentials {
    const latest = this.#files.current;
    if (latest !== this.#credentials) {
      this.#credentials = latest;
      this.#idle = [];
    }
    return latest;
  }

  #ended(handshake: Handshake, handshaker: Handshaker, credentials: Credentials): void {
    this.#sweeper.remove(handshake);
    const isLatest = credentials === this.#credentials;
    if (isLatest && this.#idle.length < this.#limits.idleHandshakers) this.#idle.push(handshaker);
  }

  #admit(
    socket: TLSSocket,
    remoteAddress: string,
    credentials: Credentials,
    onSecured: SecuredListener,
  ): void {
    try {
      const commonName = checkSecured(socket, this.#options, credentials, this.#clock.wallMs());
      onSecured(socket, { address: socket.remoteAddress ?? "", isEncrypted: true, commonName });
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      socket.destroy();
      this.#reject(remoteAddress, error);
    }
  }

  #reject(remoteAddress: string, error: HandshakeError): void {
    this.#options.onRejected({ remoteAddress, error });
  }
}

const LATE = new HandshakeError("i/o timeout");
const NOT_TLS = new HandshakeError("tls: first record does not look like a TLS handshake");

/** A handshake under way, as far as its timeout is concerned. */
class Handshake implements Sweepable {
  readonly remoteAddress: string;
  isLate = false;
  readonly #socket: Socket;
  readonly #deadlineMs: number;

  constructor(socket: Socket, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    this.remoteAddress = remoteAddressOf(socket);
  }

  sweep(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.isLate = true;
    this.#socket.destroy();
  }
}

function remoteAddressOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? "" : joinHostPort(remoteAddress, remotePort ?? 0);
}

/** Reads a gate's files. Throws a CredentialError when they cannot be used. */
export function openTlsGate(options: TlsGateOptions): TlsGate {
  return new TlsGate(options, new CredentialFiles(options, options.onUnusableFiles));
}
