import { goQuote } from "../../base/go_quote.ts";
import { AddressError, splitHostPort } from "../../base/host_port.ts";
import type { Logger } from "../../base/log.ts";
import type { ExchangeHandler } from "../../net/http/exchange.ts";
import { corsHeaders } from "./cors.ts";

/** Misdirected Request. */
const MISDIRECTED = 421;

/** Whose requests are answered over HTTP. */
export interface AccessPolicy {
  /** Web origins whose pages may call; none, or `*` among them, allow all. */
  readonly origins: ReadonlySet<string>;
  /** Host names that requests may be for, unless TLS proves the name; the same rule. */
  readonly hosts: ReadonlySet<string>;
}

/** Answers what the policy refuses, and tells browsers which pages may see what it does not. */
export function withAccessControl(
  { origins, hosts }: AccessPolicy,
  logger: Logger,
  handler: ExchangeHandler,
): ExchangeHandler {
  return (exchange) => {
    if (!exchange.remote.isEncrypted) {
      const host = hostNameOf(exchange.authority);
      if (!isAllowed(hosts, host)) {
        logger.warn("rejecting HTTP request to prevent DNS rebinding attacks", { host });
        exchange.respond(MISDIRECTED, [
          ...["content-type", "text/plain; charset=utf-8"],
          ...["x-content-type-options", "nosniff"],
        ], refusalText(host));
        return;
      }
    }
    for (const [name, value] of corsHeaders(origins, exchange.headers.get("origin"))) {
      exchange.addHeader(name, value);
    }
    // A browser asks like this what it may do before it does it.
    if (exchange.method === "OPTIONS") exchange.respond(200, [], "");
    else handler(exchange);
  };
}

function isAllowed(names: ReadonlySet<string>, name: string): boolean {
  return names.size === 0 || names.has("*") || names.has(name);
}

/** The authority without its port; what has no port, or is malformed, is taken as it is. */
function hostNameOf(authority: string): string {
  try {
    return splitHostPort(authority).host;
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return authority;
  }
}

function refusalText(host: string): string {
  return `
etcd received your request, but the Host header was unrecognized.

The request is for the host ${goQuote(host)}, which is not among those of --host-whitelist. It is
refused, because a web page could have had its own host name resolved to this server in order to
read from it what it likes (DNS rebinding, CVE-2018-5702).

To have it answered, do one of these:
- Serve TLS: over HTTPS any host is answered, since the certificate proves the name.
- Add the host to the list, as in --host-whitelist ${goQuote(host)}

`;
}
