import { Buffer } from "node:buffer";
import { bufferOf } from "../../base/bytes.ts";
import { DerReader, DerTag } from "./der_reader.ts";

/** Serial numbers of revoked certificates, in upper-case hexadecimal without leading zeros. */
export type RevokedSerials = ReadonlySet<string>;

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/;

/**
 * The serial numbers in a certificate revocation list (RFC 5280 section 5), PEM or DER. Like etcd,
 * this asks neither who signed the list nor how old it is. Throws a DerError.
 */
export function revokedSerials(bytes: Uint8Array): RevokedSerials {
  const text = bufferOf(bytes).toString("latin1");
  const pem = PEM.exec(text);
  const list = new DerReader(pem === null ? bytes : Buffer.from(pem[1], "base64"))
    .inside(DerTag.SEQUENCE).inside(DerTag.SEQUENCE);
  if (list.nextTag === DerTag.INTEGER) list.skip();
  for (const _field of ["signature algorithm", "issuer", "time of this update"]) list.skip();
  if (isTime(list.nextTag)) list.skip();
  const serials = new Set<string>();
  if (list.nextTag !== DerTag.SEQUENCE) return serials;
  const entries = list.inside(DerTag.SEQUENCE);
  while (entries.nextTag !== undefined) {
    serials.add(serialOf(entries.inside(DerTag.SEQUENCE).content(DerTag.INTEGER)));
  }
  return serials;
}

/** How a serial number is compared, from the bytes of its INTEGER. */
function serialOf(bytes: Uint8Array): string {
  const hex = bufferOf(bytes).toString("hex");
  return normalSerial(hex);
}

/** A serial number in hexadecimal as RevokedSerials has it. */
export function normalSerial(hex: string): string {
  return hex.toUpperCase().replace(/^0+(?=.)/, "");
}

function isTime(tag: number | undefined): boolean {
  return tag === DerTag.UTC_TIME || tag === DerTag.GENERALIZED_TIME;
}
