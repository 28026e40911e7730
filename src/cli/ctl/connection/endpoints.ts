import { goQuote } from "../../../base/go_quote.ts";
import { lookUpServers } from "../../srv_lookup.ts";
import { byteText, plainText } from "../byte_text.ts";
import { CtlError, EXIT_CODE } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";

/** The servers that `--endpoints` names, or those of the domain in `--discovery-srv`. */
export async function endpointsOfFlags(io: CtlIo, flags: FlagSet): Promise<string[]> {
  const discovered = await discoveredEndpoints(io, flags);
  if (discovered.length > 0) return discovered;
  return flags.texts("endpoints").map((text) => plainText(text).trim());
}

async function discoveredEndpoints(io: CtlIo, flags: FlagSet): Promise<string[]> {
  const domain = plainText(flags.text("discovery-srv"));
  if (domain === "") return [];
  const serviceName = plainText(flags.text("discovery-srv-name"));
  const { endpoints, problems } = await lookUpServers(domain, serviceName, io.services);
  if (endpoints.length === 0 && problems.length > 0) {
    const text = `dns lookup errors: ${problems.join(" and ")}`;
    throw new CtlError(EXIT_CODE.error, byteText(text));
  }
  const urls = endpoints.map(({ url }) => url);
  if (flags.bool("insecure-discovery")) return urls;
  return urls.filter((url) => {
    const isSecure = url.startsWith("https://");
    if (!isSecure) io.stderr(byteText(`ignoring discovered insecure endpoint ${goQuote(url)}\n`));
    return isSecure;
  });
}
