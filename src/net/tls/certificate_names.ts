import { AsnConvert } from "../../deps/asn1_schema.ts";
import { Certificate, id_ce_subjectAltName, SubjectAlternativeName } from "../../deps/asn1_x509.ts";
import { isIpAddress } from "../../base/host_port.ts";

/** Whom a certificate is for. */
export interface CertificateNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/**
 * Reads a certificate's alternative names. Deno gives them as one text, in which one name can be
 * made to look like several.
 */
export function certificateNamesOf(der: Uint8Array): CertificateNames {
  const { tbsCertificate } = AsnConvert.parse(der, Certificate);
  const extension = tbsCertificate.extensions?.find(({ extnID }) =>
    extnID === id_ce_subjectAltName
  );
  if (extension === undefined) return { dnsNames: [], ipAddresses: [] };
  const names = [...AsnConvert.parse(extension.extnValue, SubjectAlternativeName)];
  return {
    dnsNames: names.flatMap(({ dNSName }) => dNSName ?? []),
    ipAddresses: names.flatMap(({ iPAddress }) => iPAddress ?? []),
  };
}

/**
 * Whether a certificate is for a host name or IP address, by the rules of Go's VerifyHostname: the
 * common name does not count, and `*` stands for one label, the first.
 */
export function isCertificateFor(names: CertificateNames, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (isIpAddress(bare)) {
    const wanted = canonicalIp(bare);
    return names.ipAddresses.some((address) => canonicalIp(address) === wanted);
  }
  const wanted = labelsOf(host);
  return names.dnsNames.some((name) => matches(labelsOf(name), wanted));
}

function labelsOf(name: string): string[] {
  return name.toLowerCase().replace(/\.$/, "").split(".");
}

function matches(pattern: readonly string[], host: readonly string[]): boolean {
  return pattern.length === host.length && !host.includes("") &&
    pattern.every((label, i) => label === host[i] || (label === "*" && i === 0 && host.length > 1));
}

/** IPv6 addresses have many spellings, and IPv4 addresses one in IPv6. */
function canonicalIp(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  return address.includes(":") ? new URL(`http://[${address}]`).hostname : address;
}
