import { lookup, reverse } from "node:dns/promises";
import { type CertificateNames, isCertificateFor } from "./certificate_names.ts";
import { HandshakeError } from "./handshake_error.ts";

/** What is asked of the name service. */
export interface HostResolver {
  /** The names of an address. */
  namesOf(address: string): Promise<readonly string[]>;
  /** The addresses of a name. */
  addressesOf(name: string): Promise<readonly string[]>;
}

/** The machine's own name service. */
export const systemHostResolver: HostResolver = {
  // It throws at once for what is no address.
  namesOf: async (address) => await reverse(address),
  addressesOf: async (name) => {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  },
};

/**
 * Whether a client calls from where its certificate is for. A certificate without alternative names
 * is for everywhere. Throws a HandshakeError in etcd's words.
 */
export async function checkClientAddress(
  names: CertificateNames,
  address: string,
  resolver: HostResolver,
): Promise<void> {
  const { dnsNames, ipAddresses } = names;
  if (dnsNames.length === 0 && ipAddresses.length === 0) return;
  if (isCertificateFor(names, address)) return;
  if (dnsNames.length === 0) {
    throw new HandshakeError(
      `x509: certificate is valid for ${ipAddresses.join(", ")}, not ${address}`,
    );
  }
  if (await isAddressOfOne(dnsNames, address, resolver)) return;
  const list = dnsNames.map((name) => JSON.stringify(name)).join(" ");
  throw new HandshakeError(
    `tls: ${JSON.stringify(address)} does not match any of DNSNames [${list}]`,
  );
}

async function isAddressOfOne(
  dnsNames: readonly string[],
  address: string,
  resolver: HostResolver,
): Promise<boolean> {
  const names = dnsNames.filter((name) => !name.startsWith("*."));
  const suffixes = dnsNames.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  for (const found of await nothingOnFailure(resolver.namesOf(address))) {
    const name = found.replace(/\.$/, "");
    if (names.includes(name) || suffixes.some((suffix) => name.endsWith(suffix))) return true;
  }
  for (const name of names) {
    if ((await nothingOnFailure(resolver.addressesOf(name))).includes(address)) return true;
  }
  return false;
}

/** A name that nobody knows proves nothing, and the next one may. */
async function nothingOnFailure(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await answer;
  } catch {
    return [];
  }
}
