import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { DerReader, DerTag } from "./der_reader.ts";
import { normalSerial } from "./revocation_list.ts";

/** What is looked at of a certificate that a client showed. */
export interface ClientCertificate {
  /** The subject's common name, the last one if there are several, as in Go; "" without any. */
  readonly commonName: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly expiresAtMs: number;
  readonly der: Uint8Array;
  /** The certificates between this one and its authority, this one first. */
  readonly chain: readonly ChainLink[];
}

/** One certificate on the way to an authority. */
export interface ChainLink {
  readonly fingerprint: string;
  /** As RevokedSerials have it. */
  readonly serialNumber: string;
}

/** The certificate that the client showed in its handshake; undefined if it showed none. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerCertificate(true);
  // An empty object stands for none.
  if (!certificate?.fingerprint256) return undefined;
  return {
    commonName: lastOf(certificate.subject?.CN),
    fingerprint: certificate.fingerprint256,
    expiresAtMs: Date.parse(certificate.valid_to),
    der: certificate.raw,
    chain: chainOf(certificate),
  };
}

/** A field of a subject is a list when the subject has it more than once. */
function lastOf(field: string | readonly string[] | undefined): string {
  if (typeof field === "string") return field;
  return field?.at(-1) ?? "";
}

function chainOf(leaf: DetailedPeerCertificate): ChainLink[] {
  const chain: ChainLink[] = [];
  const seen = new Set<string>();
  let link: DetailedPeerCertificate | undefined = leaf;
  // An authority is its own issuer, and two may have signed each other.
  while (link?.fingerprint256 && !seen.has(link.fingerprint256)) {
    seen.add(link.fingerprint256);
    chain.push({
      fingerprint: link.fingerprint256,
      serialNumber: normalSerial(link.serialNumber),
    });
    link = link.issuerCertificate;
  }
  return chain;
}

/**
 * Whether a certificate has a version, which those of X.509's first version do not. Deno 2.9 takes
 * these without a proof that the client has their key.
 */
export function hasVersion(der: Uint8Array): boolean {
  const fields = new DerReader(der).inside(DerTag.SEQUENCE).inside(DerTag.SEQUENCE);
  return fields.nextTag === DerTag.EXPLICIT_0;
}
