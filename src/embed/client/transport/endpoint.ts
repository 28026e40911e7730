/** Where a server is reached, as grpc-js takes it. */
export interface Endpoint {
  /** The text that was given. */
  readonly text: string;
  /** grpc-js's name for the address. */
  readonly target: string;
  /** The name or IP address that the server's certificate has to be for. */
  readonly host: string;
  /** Whether TLS is spoken there. */
  readonly secure: boolean;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([["http:", 80], ["https:", 443]]);

/**
 * Reads the address of a server: a URL (`http`, `https`, `unix`, `unixs`) or `host:port`. Throws a
 * TypeError for anything else.
 */
export function parseEndpoint(text: string): Endpoint {
  const scheme = SCHEME.exec(text)?.[1].toLowerCase();
  if (scheme === "unix" || scheme === "unixs") {
    const target = `unix:${socketPath(text)}`;
    return { text, target, host: "localhost", secure: scheme === "unixs" };
  }
  const url = parseUrl(text, scheme === undefined ? `http://${text}` : text);
  const defaultPort = DEFAULT_PORTS.get(url.protocol);
  if (defaultPort === undefined) {
    throw new TypeError(`Cannot connect to ${text}: the scheme is not http, https, unix or unixs`);
  }
  // A name that reads like a scheme of grpc-js's own must not be taken for one.
  const target = `dns:${url.hostname}:${url.port === "" ? defaultPort : url.port}`;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { text, target, host, secure: url.protocol === "https:" };
}

function parseUrl(text: string, complete: string): URL {
  try {
    const url = new URL(complete);
    if (url.hostname !== "") return url;
  } catch {
    // What is wrong with it is told below.
  }
  throw new TypeError(`Cannot connect to ${JSON.stringify(text)}: it is not a URL or host:port`);
}

/** etcd's unix URLs name the socket's file by host and path together: `unix://localhost:2379`. */
function socketPath(text: string): string {
  const path = text.slice(text.indexOf("://") + "://".length);
  if (path === "") throw new TypeError(`Cannot connect to ${text}: it names no socket`);
  return path;
}
