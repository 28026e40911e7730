import type { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { TLS_LIMITS } from "../limits.ts";
import { CredentialError, parsedFrom } from "./credential_error.ts";
import { certificateBlocks, type KeyPair, keyPairFrom } from "./key_pair.ts";
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
    const { authorities, fingerprints } = readAuthorities(trustedCaFile);
    return {
      certificate,
      key,
      authorities,
      authorityFingerprints: fingerprints,
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
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev}/${ino}/${size}/${mtimeMs}/${ctimeMs}`;
  } catch (error) {
    // That it cannot be read is told when it is.
    return systemReason(error);
  }
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

/** Reads a certificate and the key to it. Throws a CredentialError when they cannot be used. */
export function readKeyPair(certFile: string, keyFile: string): KeyPair {
  return keyPairFrom(readText(certFile), readText(keyFile));
}

/** The certificates of authorities in a file, and SHA-256 of each; "" stands for no file. */
function readAuthorities(path: string): { authorities: string; fingerprints: Set<string> } {
  if (path === "") return { authorities: "", fingerprints: new Set() };
  const blocks = certificateBlocks(readText(path));
  if (blocks.length === 0) throw new CredentialError(`${path} holds no certificate in PEM`);
  const certificates = blocks.map((block) => {
    return parsedFrom(`certificate in ${path}`, () => new X509Certificate(block));
  });
  const totalBytes = certificates.reduce((sum, { raw }) => sum + raw.length, 0);
  if (totalBytes > TLS_LIMITS.authoritiesBytes) {
    throw new CredentialError(
      `${path} holds ${totalBytes} bytes of certificates, more than the ` +
        `${TLS_LIMITS.authoritiesBytes} that fit into a handshake; leave out what signs no clients`,
    );
  }
  return {
    authorities: blocks.map((block) => `${block}\n`).join(""),
    fingerprints: new Set(certificates.map(({ fingerprint256 }) => fingerprint256)),
  };
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
  return parsedFrom(`list of revoked certificates in ${path}`, () => revokedSerials(bytes));
}
