import {
  type ClientCertificate,
  clientCertificateOf,
  hasVersion,
  type ShowsCertificate,
} from "./client_certificate.ts";
import type { Credentials } from "./credential_files.ts";
import { HandshakeError } from "./handshake_error.ts";
import type { TlsOptions } from "./tls_options.ts";

/** As much of a TLSSocket as is looked at. */
export interface SecuredSocket extends ShowsCertificate {
  readonly authorized: boolean;
  getCipher(): { readonly standardName: string };
  getProtocol(): string | null;
  isSessionReused(): boolean;
}

/**
 * Looks at a connection behind its handshake for what the TLS library does not look at. Returns the
 * client's certificate where one is demanded; throws a HandshakeError if the connection must not go
 * on.
 */
export function checkSecured(
  socket: SecuredSocket,
  options: TlsOptions,
  credentials: Credentials,
  nowMs: number,
): ClientCertificate | undefined {
  checkCipherSuite(socket, options.cipherSuites);
  if (!options.requiresClientCertificate) return undefined;
  const certificate = socket.authorized ? clientCertificateOf(socket) : undefined;
  if (certificate === undefined) {
    throw new HandshakeError("tls: client didn't provide a certificate");
  }
  checkVerified(certificate, socket.isSessionReused(), credentials, nowMs);
  checkCommonName(certificate, options);
  checkRevoked(certificate, credentials);
  return certificate;
}

/** Deno 2.9 takes no list of suites, so the choice is judged when it is made. */
function checkCipherSuite(socket: SecuredSocket, allowed: readonly string[] | undefined): void {
  // etcd's list is for TLS 1.2 too, since Go lets nobody choose the suites of TLS 1.3.
  if (allowed === undefined || socket.getProtocol() === "TLSv1.3") return;
  const suite = socket.getCipher().standardName;
  if (!allowed.includes(suite)) {
    throw new HandshakeError(`tls: the client prefers ${suite}, which is not in --cipher-suites`);
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
  // A date that cannot be read is not in the future either.
  if (!(nowMs <= certificate.expiresAtMs)) {
    throw new HandshakeError("x509: certificate has expired or is not yet valid");
  }
}

/** What Go says of a certificate whose names do not suffice. */
export const NOT_ALLOWED = "client certificate authentication failed";

function checkCommonName(
  { commonName }: ClientCertificate,
  { allowedCommonNames }: TlsOptions,
): void {
  if (allowedCommonNames.length === 0 || allowedCommonNames.includes(commonName)) return;
  throw new HandshakeError(NOT_ALLOWED);
}

/** An authority in our own files is not revoked by a number that another one gave. */
function checkRevoked(
  { chain }: ClientCertificate,
  { authorityFingerprints, revoked }: Credentials,
): void {
  for (const { fingerprint, serialNumber } of chain) {
    if (!revoked.has(serialNumber) || authorityFingerprints.has(fingerprint)) continue;
    throw new HandshakeError(
      `transport: certificate serial ${serialNumber.toLowerCase()} revoked`,
    );
  }
}
