const HANG_UP = "EOF";

/** Why a connection was refused in its handshake or right after; in Go's words where it has some. */
export class HandshakeError extends Error {
  override name = "HandshakeError";

  /** Whether the client only went away, as the health checks of load balancers do all day. */
  get isHangUp(): boolean {
    return this.message === HANG_UP;
  }
}

/** What Deno and rustls say, and Go's words for it. */
const GO_WORDS: readonly (readonly [said: RegExp, inGo: string])[] = [
  [/^socket hang up$|ECONNRESET/, HANG_UP],
  [/peer sent no certificates/, "tls: client didn't provide a certificate"],
  [/wrong version number/, "tls: first record does not look like a TLS handshake"],
  [
    /SupportedVersionsExtensionRequired|Tls1[23]NotOffered|Tls1[23]NotEnabled|SignatureAlgorithmsExtensionRequired/,
    "tls: client offered only unsupported versions",
  ],
  [/NoCipherSuitesInCommon/, "tls: no cipher suite supported by both client and server"],
];

/** The error of a handshake that failed inside the TLS library. */
export function handshakeErrorOf(error: Error): HandshakeError {
  const found = GO_WORDS.find(([said]) => said.test(error.message));
  return new HandshakeError(found?.[1] ?? `tls: ${error.message}`, { cause: error });
}

/** Go's words for what Deno finds wrong with a certificate. */
const GO_VERDICTS: readonly (readonly [code: RegExp, inGo: string])[] = [
  [/EXPIRED|NOT_YET_VALID/, "x509: certificate has expired or is not yet valid"],
  [/SELF_SIGNED|UNABLE_TO/, "x509: certificate signed by unknown authority"],
  [/PURPOSE/, "x509: certificate specifies an incompatible key usage"],
];

/** The error of a certificate that is not trusted, by Node's code for the reason. */
export function verificationErrorOf(code: string, cause: Error): HandshakeError {
  const found = GO_VERDICTS.find(([pattern]) => pattern.test(code));
  return new HandshakeError(`tls: failed to verify certificate: ${found?.[1] ?? code}`, { cause });
}
