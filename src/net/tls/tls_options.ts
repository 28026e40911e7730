/** A version of TLS by the name that OpenSSL and Deno have for it. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Where a TLS listener's credentials stand, and whom it lets in. Empty texts mean "not given". */
export interface TlsOptions {
  /** Path of the certificate (with its intermediates) that is shown, in PEM. */
  readonly certFile: string;
  /** Path of the private key to it. */
  readonly keyFile: string;
  /** Whether clients must show a certificate that is trusted. */
  readonly requiresClientCertificate: boolean;
  /** Path of the authorities that may have signed such a certificate, in PEM. */
  readonly trustedCaFile: string;
  /** Path of the list of revoked certificates. */
  readonly revocationListFile: string;
  /** Common names that a client's certificate may have; none means any. */
  readonly allowedCommonNames: readonly string[];
  /** Host names of which a client's certificate must carry one; none means any. */
  readonly allowedHostNames: readonly string[];
  /** Whether a client's certificate must be for the address that it calls from. */
  readonly checksClientAddress: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Suites of TLS 1.2 that may be used, by IANA's names; undefined means any. */
  readonly cipherSuites: readonly string[] | undefined;
}
