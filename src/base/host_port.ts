import { isIP } from "node:net";

/** A text that is not `host:port`; the message is Go's. */
export class AddressError extends Error {
  override name = "AddressError";
}

/** The two parts of an address. */
interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: string;
}

/** Parts `host:port` and `[host]:port` by the rules of Go's net.SplitHostPort. */
export function splitHostPort(address: string): HostPort {
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw addressError(address, "missing port in address");
  const { host, openFrom, closeFrom } = address.startsWith("[")
    ? bracketedHost(address, colon)
    : plainHost(address, colon);
  if (address.indexOf("[", openFrom) >= 0) {
    throw addressError(address, "unexpected '[' in address");
  }
  if (address.indexOf("]", closeFrom) >= 0) {
    throw addressError(address, "unexpected ']' in address");
  }
  return { host, port: address.slice(colon + 1) };
}

/** A host and where behind it another bracket would be out of place. */
interface FoundHost {
  readonly host: string;
  readonly openFrom: number;
  readonly closeFrom: number;
}

function bracketedHost(address: string, colon: number): FoundHost {
  const end = address.indexOf("]");
  if (end < 0) throw addressError(address, "missing ']' in address");
  if (end + 1 === colon) {
    return { host: address.slice(1, end), openFrom: 1, closeFrom: end + 1 };
  }
  const tooMany = address[end + 1] === ":";
  throw addressError(address, tooMany ? "too many colons in address" : "missing port in address");
}

function plainHost(address: string, colon: number): FoundHost {
  const host = address.slice(0, colon);
  if (host.includes(":")) throw addressError(address, "too many colons in address");
  return { host, openFrom: 0, closeFrom: 0 };
}

function addressError(address: string, why: string): AddressError {
  return new AddressError(`address ${address}: ${why}`);
}

/** Joins what splitHostPort() parts. */
export function joinHostPort(host: string, port: string | number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether the text is an IP address; one with a zone (`fe80::1%eth0`) is not, as in Go. */
export function isIpAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}
