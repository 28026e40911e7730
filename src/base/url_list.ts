import { EndpointUrl, UrlError } from "./endpoint_url.ts";
import { AddressError, splitHostPort } from "./host_port.ts";
import { compareTexts } from "./text_order.ts";

/**
 * Reads a comma-separated list of server URLs and sorts it. Throws a UrlError in etcd's words when
 * one of them is no `http`, `https`, `unix` or `unixs` URL without a path.
 *
 * @example
 * ```ts
 * import { newConfig, parseUrlList } from "@detcd/detcd";
 *
 * const config = newConfig();
 * config.listenClientUrls = parseUrlList("http://127.0.0.1:2379,unix://n1.sock:0");
 * config.advertiseClientUrls = parseUrlList("http://127.0.0.1:2379");
 * config.validate();
 * ```
 */
export function parseUrlList(text: string): EndpointUrl[] {
  return parseUrls(text.split(","));
}

/** Reads and sorts server URLs; see parseUrlList(). */
export function parseUrls(texts: readonly string[]): EndpointUrl[] {
  if (texts.length === 0) throw new UrlError("no valid URLs given");
  return sortUrls(texts.map(parseServerUrl));
}

/** The same URLs in the order of their texts. */
function sortUrls(urls: readonly EndpointUrl[]): EndpointUrl[] {
  return urls.toSorted((a, b) => compareTexts(a.toString(), b.toString()));
}

/** The first of each group of URLs with the same text. */
export function uniqueUrls(urls: readonly EndpointUrl[]): EndpointUrl[] {
  return [...new Map(urls.map((url) => [url.toString(), url])).values()];
}

/** The URLs joined by commas, as flags take them. */
export function formatUrlList(urls: readonly EndpointUrl[]): string {
  return urls.map(String).join(",");
}

function parseServerUrl(given: string): EndpointUrl {
  const text = given.trim();
  const url = EndpointUrl.parse(text);
  switch (url.scheme) {
    case "http":
    case "https":
      checkHostAndPath(url, text);
      return url;
    case "unix":
    case "unixs":
      return url;
    default:
      throw new UrlError(`URL scheme must be http, https, unix, or unixs: ${text}`);
  }
}

function checkHostAndPath(url: EndpointUrl, text: string): void {
  try {
    splitHostPort(url.host);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new UrlError(`URL address does not have the form "host:port": ${text}`);
  }
  if (url.path !== "") throw new UrlError(`URL must not contain a path: ${text}`);
}
