import type { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { TLS_LIMITS } from "../limits.ts";
import { type RevokedSerials, revokedSerials } from "./revocation_list.ts";
import type { TlsOptions } from "./tls_options.ts";
import { VerifiedCertificates } from "./verified_certificates.ts";

/** What a listener's files hold, read at one moment. */
export interface Credentials {
  /** PEM of the certificate that is shown. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authorities that may have signed clients' certificates; "" if none are wanted. */
  readonly authorities: string;
  /** SHA-256 of each of the authorities. */
  readonly authorityFingerprints: ReadonlySet<string>;
  readonly revoked: RevokedSerials;
  /** The certificates that these authorities were seen to have signed. */
  readonly verified: VerifiedCertificates;
}

/** Files that cannot be used; the message says which and why, in Go's words where it has some. */
export class CredentialError extends Error {
  override name = "CredentialError";
}

/**
 * The files of a TLS listener. They are looked at for each handshake and read again when they have
 * changed, so that certificates are replaced without a restart. Files that have become unusable
 * change nothing but the log.
 */
export class CredentialFiles {
  readonly #options: TlsOptions;
  readonly #onUnusable: (error: CredentialError) => void;
  #current: Credentials;
  #readState: string;

  /** Reads the files. Throws a CredentialError when they cannot be used. */
  constructor(options: TlsOptions, onUnusable: (error: CredentialError) => void) {
    this.#options = options;
    this.#onUnusable = onUnusable;
    this.#readState = this.#stateOfFiles();
    this.#current = this.#read(undefined);
  }

  /** The credentials for a handshake that begins now. */
  get current(): Credentials {
    const state = this.#stateOfFiles();
    if (state === this.#readState) return this.#current;
    this.#readState = state;
    try {
      this.#current = this.#read(this.#current);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      this.#onUnusable(error);
    }
    return this.#current;
  }

  #read(previous: Credentials | undefined): Credentials {
    const { certFile, keyFile, trustedCaFile, revocationListFile } = this.#options;
    const { certificate, key } = readKeyPair(certFile, keyFile);
    const authorities = trustedCaFile === "" ? "" : readText(trustedCaFile);
    return {
      certificate,
      key,
      authorities,
      authorityFingerprints: fingerprintsOf(authorities, trustedCaFile),
      revoked: revocationListFile === "" ? NONE_REVOKED : readRevoked(revocationListFile),
      verified: previous?.authorities === authorities
        ? previous.verified
        : new VerifiedCertificates(TLS_LIMITS.rememberedCertificates),
    };
  }

  /** Changes whenever one of the files does. */
  #stateOfFiles(): string {
    const { certFile, keyFile, trustedCaFile, revocationListFile } = this.#options;
    return [certFile, keyFile, trustedCaFile, revocationListFile].map(stateOfFile).join();
  }
}

function stateOfFile(path: string): string {
  if (path === "") return "";
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "missing";
  return `${stats.dev}/${stats.ino}/${stats.size}/${stats.mtimeMs}/${stats.ctimeMs}`;
}

function readText(path: string): string {
  return readBytes(path).toString("latin1");
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CredentialError(`open ${path}: ${systemReason(error)}`, { cause: error });
  }
}

function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "no such file or directory";
  if ("code" in error && error.code === "EACCES") return "permission denied";
  return error.message;
}

const KEY_PEM = "PRIVATE KEY-----";

/**
 * Reads a certificate and the key to it. Throws a CredentialError when they cannot be read or do not
 * belong together.
 */
export function readKeyPair(
  certFile: string,
  keyFile: string,
): { certificate: string; key: string } {
  const certificate = readText(certFile);
  const key = readText(keyFile);
  checkPair(certificate, key);
  return { certificate, key };
}

function checkPair(certificatePem: string, keyPem: string): void {
  if (!certificatePem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new CredentialError(
      certificatePem.includes(KEY_PEM)
        ? "tls: failed to find certificate PEM data in certificate input, but did find a private " +
          "key; PEM inputs may have been switched"
        : "tls: failed to find any PEM data in certificate input",
    );
  }
  if (!keyPem.includes(KEY_PEM)) {
    throw new CredentialError("tls: failed to find any PEM data in key input");
  }
  const certificate = parsed("certificate", () => new X509Certificate(certificatePem));
  const key = parsed("private key", () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(key)) {
    throw new CredentialError("tls: private key does not match public key");
  }
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CredentialError(`tls: failed to parse ${what}: ${why}`, { cause: error });
  }
}

const CERTIFICATE_PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function fingerprintsOf(authorities: string, path: string): ReadonlySet<string> {
  if (path === "") return new Set();
  const found = authorities.match(CERTIFICATE_PEM) ?? [];
  if (found.length === 0) throw new CredentialError(`${path} holds no certificate in PEM`);
  const parse = (pem: string) => parsed(`certificate in ${path}`, () => new X509Certificate(pem));
  const certificates = found.map(parse);
  const totalBytes = certificates.reduce((sum, { raw }) => sum + raw.length, 0);
  if (totalBytes > TLS_LIMITS.authoritiesBytes) {
    throw new CredentialError(
      `${path} holds ${totalBytes} bytes of certificates, more than the ` +
        `${TLS_LIMITS.authoritiesBytes} that fit into a handshake; leave out what signs no clients`,
    );
  }
  return new Set(certificates.map(({ fingerprint256 }) => fingerprint256));
}

const NONE_REVOKED: RevokedSerials = new Set();

function readRevoked(path: string): RevokedSerials {
  const bytes = readBytes(path);
  if (bytes.length > TLS_LIMITS.revocationListBytes) {
    throw new CredentialError(
      `${path} has ${bytes.length} bytes, more than the ${TLS_LIMITS.revocationListBytes} that a ` +
        "list of revoked certificates may have",
    );
  }
  return parsed(`list of revoked certificates in ${path}`, () => revokedSerials(bytes));
}
