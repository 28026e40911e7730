import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CredentialError, parsedFrom } from "./credential_error.ts";

/** A certificate and the key to it, in PEM without anything else. */
export interface KeyPair {
  /** The certificate, and behind it those of its intermediates. */
  readonly certificate: string;
  readonly key: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const CERTIFICATE = "CERTIFICATE";

/** A block of PEM and what it calls itself. */
interface Block {
  readonly label: string;
  readonly text: string;
}

/**
 * Finds a certificate and its key in what two files hold, which may be one file; what else stands
 * there is passed over. Throws a CredentialError, in Go's words where it has some, when they are not
 * there, do not belong together or are of a kind that Deno's TLS does not know.
 */
export function keyPairFrom(certificateText: string, keyText: string): KeyPair {
  const certificate = certificatesIn(certificateText);
  const key = keyIn(keyText);
  const parsedCertificate = parsedFrom("certificate", () => new X509Certificate(certificate));
  const parsedKey = parsedFrom("private key", () => createPrivateKey(key));
  if (!parsedCertificate.checkPrivateKey(parsedKey)) {
    throw new CredentialError("tls: private key does not match public key");
  }
  checkKeyKind(parsedKey);
  return { certificate, key };
}

function certificatesIn(text: string): string {
  const blocks = blocksOf(text);
  const certificates = blocks.filter(({ label }) => label === CERTIFICATE);
  if (certificates.length > 0) return certificates.map(({ text }) => `${text}\n`).join("");
  throw new CredentialError(
    blocks.some(isKey)
      ? "tls: failed to find certificate PEM data in certificate input, but did find a private " +
        "key; PEM inputs may have been switched"
      : "tls: failed to find any PEM data in certificate input",
  );
}

function keyIn(text: string): string {
  const blocks = blocksOf(text);
  const key = blocks.find(isKey);
  if (key !== undefined) return key.text;
  throw new CredentialError(
    blocks.some(({ label }) => label === CERTIFICATE)
      ? "tls: found a certificate rather than a key in the PEM for the private key"
      : "tls: failed to find any PEM data in key input",
  );
}

/** The certificates in a text, each in PEM. */
export function certificateBlocks(text: string): string[] {
  return blocksOf(text).filter(({ label }) => label === CERTIFICATE).map((block) => block.text);
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map(([whole, label]) => ({ label, text: whole }));
}

function isKey({ label }: Block): boolean {
  return label === "PRIVATE KEY" || label.endsWith(" PRIVATE KEY");
}

const LEAST_RSA_BITS = 2_048;
const MOST_RSA_BITS = 8_192;
const CURVES: ReadonlySet<string | undefined> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/**
 * Throws a CredentialError for a key that Deno's TLS does not take, which would only be noticed when
 * clients come, and turn them all away.
 */
export function checkKeyKind(
  { asymmetricKeyType: kind, asymmetricKeyDetails = {} }: KeyObject,
): void {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (kind === "rsa" && modulusLength >= LEAST_RSA_BITS && modulusLength <= MOST_RSA_BITS) return;
  if (kind === "ec" && CURVES.has(namedCurve)) return;
  if (kind === "ed25519") return;
  const found = [kind, namedCurve, modulusLength || undefined].filter((part) => part !== undefined);
  throw new CredentialError(
    `tls: the private key is of a kind that Deno's TLS does not take (${
      found.join(" ")
    }): it takes ` +
      `RSA of ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} bits, ECDSA on P-256, P-384 and P-521, and Ed25519`,
  );
}
