import type { TLSSocket } from "node:tls";
import { type ClientCertificate, clientCertificateOf, hasVersion } from "./client_certificate.ts";
import type { Credentials } from "./credential_files.ts";
import { HandshakeError } from "./handshake_error.ts";
import type { TlsOptions } from "./tls_options.ts";

/**
 * Looks at a connection behind its handshake for what the TLS library does not look at. Returns the
 * common name in the client's certificate, if there is one; throws a HandshakeError for a connection
 * that must not go on.
 */
export function checkSecured(
  socket: TLSSocket,
  options: TlsOptions,
  credentials: Credentials,
  nowMs: number,
): string | undefined {
  checkCipherSuite(socket, options.cipherSuites);
  if (!options.requiresClientCertificate) return undefined;
  const certificate = socket.authorized ? clientCertificateOf(socket) : undefined;
  if (certificate === undefined) {
    throw new HandshakeError("tls: client didn't provide a certificate");
  }
  checkVerified(certificate, socket.isSessionReused(), credentials, nowMs);
  checkNames(certificate, options);
  return certificate.commonName;
}

/** Deno 2.9 takes no list of suites, so that the choice is judged when it is made. */
function checkCipherSuite(socket: TLSSocket, allowed: readonly string[]): void {
  // etcd's list is for TLS 1.2 too, since Go lets nobody choose the suites of TLS 1.3.
  if (allowed.length === 0 || socket.getProtocol() === "TLSv1.3") return;
  const suite = socket.getCipher().standardName;
  if (!allowed.includes(suite)) {
    throw new HandshakeError(
      `tls: the client prefers the cipher suite ${suite}, which is not allowed`,
    );
  }
}

function checkVerified(
  certificate: ClientCertificate,
  isResumed: boolean,
  { verified }: Credentials,
  nowMs: number,
): void {
  if (!hasVersion(certificate.der)) {
    throw new HandshakeError("x509: certificates of version 1 are not accepted");
  }
  if (!isResumed) return verified.add(certificate.fingerprint);
  if (!verified.has(certificate.fingerprint)) {
    throw new HandshakeError("tls: the session to resume was never verified; begin a new one");
  }
  if (nowMs > certificate.expiresAtMs) {
    throw new HandshakeError("x509: certificate has expired or is not yet valid");
  }
}

const NOT_ALLOWED = "client certificate authentication failed";

function checkNames({ commonName }: ClientCertificate, { allowedCommonNames }: TlsOptions): void {
  if (allowedCommonNames.length === 0 || allowedCommonNames.includes(commonName)) return;
  throw new HandshakeError(`tls: ${NOT_ALLOWED}`);
}
