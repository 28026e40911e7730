import { goQuote } from "../../../base/go_quote.ts";
import { joinHostPort } from "../../../base/host_port.ts";
import { byteText, plainText } from "../byte_text.ts";
import { CtlError, EXIT_CODE } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";

/** What clients of etcd are announced as in the DNS, with TLS and without. */
const SERVICES = [
  { scheme: "https", service: "etcd-client-ssl" },
  { scheme: "http", service: "etcd-client" },
] as const;

/** The servers that `--endpoints` names, or those of the domain in `--discovery-srv`. */
export async function endpointsOfFlags(io: CtlIo, flags: FlagSet): Promise<string[]> {
  const discovered = await discoveredEndpoints(io, flags);
  if (discovered.length > 0) return discovered;
  return flags.texts("endpoints").map((text) => plainText(text).trim());
}

async function discoveredEndpoints(io: CtlIo, flags: FlagSet): Promise<string[]> {
  const domain = plainText(flags.text("discovery-srv"));
  if (domain === "") return [];
  const suffix = plainText(flags.text("discovery-srv-name"));
  const endpoints = await lookUp(io, domain, suffix === "" ? "" : `-${suffix}`);
  if (flags.bool("insecure-discovery")) return endpoints;
  return endpoints.filter((endpoint) => {
    const isSecure = endpoint.startsWith("https://");
    if (!isSecure) {
      io.stderr(byteText(`ignoring discovered insecure endpoint ${goQuote(endpoint)}\n`));
    }
    return isSecure;
  });
}

async function lookUp(io: CtlIo, domain: string, suffix: string): Promise<string[]> {
  const endpoints: string[] = [];
  const failures: string[] = [];
  for (const { scheme, service } of SERVICES) {
    const name = `_${service}${suffix}._tcp.${domain}`;
    try {
      for (const { target, port } of await io.services(name)) {
        endpoints.push(`${scheme}://${joinHostPort(target, String(port))}`);
      }
    } catch (error) {
      failures.push(`lookup ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (failures.length < SERVICES.length) return endpoints;
  throw new CtlError(EXIT_CODE.error, byteText(`dns lookup errors: ${failures.join(" and ")}`));
}
