import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { ClientTls } from "../../embed/client/transport/network_transport.ts";
import { CLI_LIMITS } from "../limits.ts";

/** A page, whatever the server means by it. */
export interface Page {
  readonly status: number;
  readonly text: string;
}

/** Reads the text of a page. Rejects when there is none, with a message that says why. */
export async function fetchText(url: string, tls: ClientTls | undefined): Promise<string> {
  return (await fetchPage(url, tls)).text;
}

/**
 * Reads a page, with the certificates that clients of the same server use. Rejects when there is
 * none, with a message that says why.
 */
export async function fetchPage(url: string, tls: ClientTls | undefined): Promise<Page> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { signal: AbortSignal.timeout(CLI_LIMITS.fetchTimeoutMs) };
  if (url.startsWith("https:")) {
    const { get } = await import("node:https");
    get(url, { ...options, ...tlsOptions(tls ?? {}) }, resolve).on("error", reject);
  } else {
    const { get } = await import("node:http");
    get(url, options, resolve).on("error", reject);
  }
  const response = await promise;
  return { status: response.statusCode ?? 0, text: await textOf(response) };
}

function tlsOptions({ ca, cert, key, insecureSkipVerify, serverName }: ClientTls): object {
  const given = Object.entries({ ca, cert, key, servername: serverName })
    .flatMap(([name, value]) => value === undefined ? [] : [[name, buffer(value)]]);
  return { ...Object.fromEntries(given), rejectUnauthorized: insecureSkipVerify !== true };
}

function buffer(text: string | Uint8Array): string | Buffer {
  return typeof text === "string" ? text : Buffer.from(text);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response) {
    sizeBytes += piece.length;
    if (sizeBytes > CLI_LIMITS.fetchedBytes) {
      response.destroy();
      throw new Error(`the page has more than ${CLI_LIMITS.fetchedBytes} bytes`);
    }
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString();
}
