import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Credentials } from "./credential_files.ts";
import { type HandshakeError, handshakeErrorOf, verificationErrorOf } from "./handshake_error.ts";
import type { TlsOptions } from "./tls_options.ts";

/** What is offered as the connection's protocol; its first bytes decide all the same. */
const ALPN_PROTOCOLS = ["h2", "http/1.1"];

/** Timeouts are looked at elsewhere; a timer of node:tls would outlive a handshake that failed. */
const NO_HANDSHAKE_TIMER = -1;

/** How a handshake ends: with a socket that is encrypted, or an error. */
interface HandshakeListener {
  secured(socket: TLSSocket): void;
  failed(error: HandshakeError): void;
}

/**
 * Makes one handshake at a time on sockets that were accepted, and read from, elsewhere. It is a
 * node:tls server that never listens: that reports a handshake without saying whose it was, so each
 * handshake has a server of its own while it lasts.
 */
export class Handshaker {
  readonly #server: Server;
  #listener: HandshakeListener | undefined;

  constructor(credentials: Credentials, options: TlsOptions) {
    this.#server = createServer({
      cert: credentials.certificate,
      key: credentials.key,
      ...(credentials.authorities === "" ? {} : { ca: credentials.authorities }),
      requestCert: options.requiresClientCertificate,
      rejectUnauthorized: options.requiresClientCertificate,
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
      ALPNProtocols: ALPN_PROTOCOLS,
      handshakeTimeout: NO_HANDSHAKE_TIMER,
    });
    this.#server.on("secureConnection", (socket: TLSSocket) => this.#end()?.secured(socket));
    this.#server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      this.#end()?.failed(errorOf(error, socket));
    });
  }

  /** Begins a handshake; the listener is called once, and after that the next may begin. */
  begin(socket: Socket, listener: HandshakeListener): void {
    this.#listener = listener;
    this.#server.emit("connection", socket);
  }

  #end(): HandshakeListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener;
  }
}

/** A client whose certificate is not trusted is cut off, and only its socket says why. */
function errorOf(error: Error, { authorizationError }: TLSSocket): HandshakeError {
  const code: unknown = authorizationError;
  return code ? verificationErrorOf(String(code), error) : handshakeErrorOf(error);
}
