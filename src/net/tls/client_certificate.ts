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
  /** All that the client showed and the authority behind them, this one first. */
  readonly chain: readonly ChainLink[];
}

/** One certificate of those that the client showed. */
interface ChainLink {
  readonly fingerprint: string;
  /** As RevokedSerials have it. */
  readonly serialNumber: string;
}

/** A certificate as node:tls describes it, as far as it is looked at; empty where there is none. */
export interface DescribedCertificate {
  readonly subject?: { readonly CN?: string | readonly string[] };
  readonly fingerprint256?: string;
  readonly serialNumber?: string;
  readonly valid_to?: string;
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: DescribedCertificate;
}

/** A socket at whose other end somebody may have shown a certificate. */
export interface ShowsCertificate {
  getPeerCertificate(detailed: true): DescribedCertificate | null;
}

/** The certificate that the client showed in its handshake; undefined if it showed none. */
export function clientCertificateOf(socket: ShowsCertificate): ClientCertificate | undefined {
  const certificate = socket.getPeerCertificate(true) ?? {};
  const { fingerprint256, raw, valid_to } = certificate;
  if (fingerprint256 === undefined || raw === undefined) return undefined;
  return {
    commonName: lastOf(certificate.subject?.CN),
    fingerprint: fingerprint256,
    expiresAtMs: Date.parse(valid_to ?? ""),
    der: raw,
    chain: chainOf(certificate),
  };
}

/** A field of a subject is a list when the subject has it more than once. */
function lastOf(field: string | readonly string[] | undefined): string {
  if (typeof field === "string") return field;
  return field?.at(-1) ?? "";
}

/**
 * Deno 2.9 calls each certificate the issuer of the one that the client showed before it, whether it
 * is or not: a certificate that comes twice is not the end.
 */
function chainOf(leaf: DescribedCertificate): ChainLink[] {
  const chain: ChainLink[] = [];
  const seen = new Set<DescribedCertificate>();
  let link: DescribedCertificate | undefined = leaf;
  // An authority is its own issuer.
  while (link?.fingerprint256 !== undefined && !seen.has(link)) {
    seen.add(link);
    const { fingerprint256: fingerprint, serialNumber = "" } = link;
    chain.push({ fingerprint, serialNumber: normalSerial(serialNumber) });
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
