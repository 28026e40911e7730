import type { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { TLS_LIMITS } from "../limits.ts";
import { ChangingFiles } from "./changing_files.ts";
import { CredentialError, parsedFrom } from "./credential_error.ts";
import { certificateBlocks, type KeyPair, keyPairFrom } from "./key_pair.ts";
import { type RevokedSerials, revokedSerials } from "./revocation_list.ts";
import { systemReason } from "./system_reason.ts";
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
 * change nothing but the log: least of all do they keep others from being used, such as a new list
 * of revoked certificates.
 */
export class CredentialFiles {
  readonly #onUnusable: (error: CredentialError) => void;
  readonly #keyPair: ChangingFiles<KeyPair>;
  readonly #trusted: ChangingFiles<TrustedAuthorities>;
  readonly #revoked: ChangingFiles<RevokedSerials>;
  #current: Credentials;

  /** Reads the files. Throws a CredentialError when they cannot be used. */
  constructor(options: TlsOptions, onUnusable: (error: CredentialError) => void) {
    const { certFile, keyFile, trustedCaFile, revocationListFile } = options;
    this.#onUnusable = onUnusable;
    this.#keyPair = new ChangingFiles([certFile, keyFile], () => readKeyPair(certFile, keyFile));
    this.#trusted = new ChangingFiles([trustedCaFile], () => readAuthorities(trustedCaFile));
    this.#revoked = new ChangingFiles([revocationListFile], () => readRevoked(revocationListFile));
    this.#current = this.#put(undefined);
  }

  /** The credentials for a handshake that begins now. */
  get current(): Credentials {
    const changes = [this.#keyPair, this.#trusted, this.#revoked]
      .map((files) => files.refresh(this.#onUnusable));
    if (changes.includes(true)) this.#current = this.#put(this.#current);
    return this.#current;
  }

  /** Puts together what was read. */
  #put(previous: Credentials | undefined): Credentials {
    const { authorities, fingerprints } = this.#trusted.value;
    return {
      ...this.#keyPair.value,
      authorities,
      authorityFingerprints: fingerprints,
      revoked: this.#revoked.value,
      verified: previous?.authorities === authorities
        ? previous.verified
        : new VerifiedCertificates(TLS_LIMITS.rememberedCertificates),
    };
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

/** Reads a certificate and the key to it. Throws a CredentialError when they cannot be used. */
export function readKeyPair(certFile: string, keyFile: string): KeyPair {
  return keyPairFrom(readText(certFile), readText(keyFile));
}

/** PEM of authorities, and SHA-256 of each. */
interface TrustedAuthorities {
  readonly authorities: string;
  readonly fingerprints: ReadonlySet<string>;
}

/** The certificates of authorities in a file; "" stands for no file. */
function readAuthorities(path: string): TrustedAuthorities {
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

/** The list in a file; "" stands for no file. */
function readRevoked(path: string): RevokedSerials {
  if (path === "") return NONE_REVOKED;
  const bytes = readBytes(path);
  if (bytes.length > TLS_LIMITS.revocationListBytes) {
    throw new CredentialError(
      `${path} has ${bytes.length} bytes, more than the ${TLS_LIMITS.revocationListBytes} that a ` +
        "list of revoked certificates may have",
    );
  }
  return parsedFrom(`list of revoked certificates in ${path}`, () => revokedSerials(bytes));
}
