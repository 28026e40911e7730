import type { EndpointUrl } from "../base/endpoint_url.ts";
import { joinHostPort } from "../base/host_port.ts";
import type { ListenAddress } from "../net/listener.ts";
import type { SocketOptions } from "./config/socket_options.ts";
import { ConfigError } from "./config/errors.ts";

/** A socket that the server listens on. */
export interface BoundListener {
  /** The URL it was asked for. */
  readonly url: string;
  /** The host and port it has, like `127.0.0.1:2379`; the port is real even if 0 was asked for. */
  readonly address: string;
  /** The port it has. */
  readonly port: number;
}

/** Go's net.Listen takes the IPv4 address of `localhost`, and clients expect to find it there. */
const LOCALHOST_ADDRESS = "127.0.0.1";

/** An address to listen on, and how it is spoken to. */
export interface ListenTarget {
  /** The first of the URLs that name the address. */
  readonly url: EndpointUrl;
  /** Whether one of them asks for TLS. */
  readonly isSecure: boolean;
  /** Whether one of them asks for no TLS. */
  readonly isPlain: boolean;
}

/** What URLs ask for, with those of one address put together. */
export function listenTargets(urls: readonly EndpointUrl[]): ListenTarget[] {
  const byAddress = new Map<string, ListenTarget>();
  for (const url of urls) {
    // Every URL with port 0 gets a port of its own.
    const key = url.port === "0" ? `${addressKey(url)} ${byAddress.size}` : addressKey(url);
    const { isSecure = false, isPlain = false, url: first = url } = byAddress.get(key) ?? {};
    byAddress.set(key, {
      url: first,
      isSecure: isSecure || isSecureUrl(url),
      isPlain: isPlain || !isSecureUrl(url),
    });
  }
  return [...byAddress.values()];
}

/** Whether TLS is spoken at a URL. */
export function isSecureUrl({ scheme }: EndpointUrl): boolean {
  return scheme === "https" || scheme === "unixs";
}

/** The same for URLs that are listened on at one address. */
export function addressKey(url: EndpointUrl): string {
  return isUnixUrl(url) ? `unix ${socketPathOf(url)}` : url.host;
}

/** Where to listen for a URL. Throws a ConfigError for a unix URL that names no socket. */
export function listenAddressOf(url: EndpointUrl, { reusePort }: SocketOptions): ListenAddress {
  if (isUnixUrl(url)) {
    const path = socketPathOf(url);
    if (path === "") throw new ConfigError(`cannot listen on ${url}: it names no socket`);
    return { path };
  }
  const host = url.hostname === "localhost" ? LOCALHOST_ADDRESS : url.hostname;
  return { host, port: Number(url.port), reusePort };
}

/** The URL under which a listener that was asked for at a URL is reached. */
export function reachableUrl(url: EndpointUrl, address: string): string {
  return `${url.scheme}://${address}`;
}

function isUnixUrl({ scheme }: EndpointUrl): boolean {
  return scheme === "unix" || scheme === "unixs";
}

/** etcd's unix URLs name the socket's file by host and path together: `unix://localhost:2379`. */
function socketPathOf({ host, path }: EndpointUrl): string {
  return host + path;
}

/** Replaces port 0 in advertised URLs by the port that the listener got, if there is one. */
export function withRealPorts(
  urls: readonly EndpointUrl[],
  listeners: readonly BoundListener[],
): string[] {
  return urls.map((url, i) => {
    const listener = listeners[i] ?? listeners.at(0);
    if (url.port !== "0" || listener === undefined) return url.toString();
    return url.withHost(joinHostPort(url.hostname, String(listener.port))).toString();
  });
}
