import type { EndpointUrl } from "../base/endpoint_url.ts";
import { joinHostPort } from "../base/host_port.ts";
import type { ListenAddress } from "../net/listener.ts";
import { NotBuiltError } from "./config/errors.ts";

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

/** Where to listen for a URL. Throws a NotBuiltError for TLS and unix sockets. */
export function listenAddressOf(url: EndpointUrl): ListenAddress {
  if (url.scheme !== "http") {
    throw new NotBuiltError(`cannot listen on ${url}: only http URLs are supported so far`);
  }
  const host = url.hostname === "localhost" ? LOCALHOST_ADDRESS : url.hostname;
  return { host, port: Number(url.port) };
}

/** The URLs without those whose address is another's already. */
export function distinctAddresses(urls: readonly EndpointUrl[]): EndpointUrl[] {
  const byHost = new Map<string, EndpointUrl>();
  for (const url of urls) {
    // Every URL with port 0 gets a port of its own.
    const key = url.port === "0" ? `${url.host} ${byHost.size}` : url.host;
    if (!byHost.has(key)) byHost.set(key, url);
  }
  return [...byHost.values()];
}

/** Replaces port 0 in advertised URLs by the port that the listener got. */
export function withRealPorts(
  urls: readonly EndpointUrl[],
  listeners: readonly BoundListener[],
): string[] {
  return urls.map((url, i) => {
    if (url.port !== "0") return url.toString();
    const listener = listeners[i] ?? listeners[0];
    return url.withHost(joinHostPort(url.hostname, String(listener.port))).toString();
  });
}
