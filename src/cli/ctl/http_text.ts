import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { ClientTls } from "../../embed/client/transport/network_transport.ts";
import { CLI_LIMITS } from "../limits.ts";

/** Reads a page. Rejects when there is none, with a message that says why. */
export async function fetchText(url: string, tls: ClientTls | undefined): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { signal: AbortSignal.timeout(CLI_LIMITS.fetchTimeoutMs) };
  if (url.startsWith("https:")) {
    const { get } = await import("node:https");
    get(url, { ...options, ...tlsOptions(tls ?? {}) }, resolve).on("error", reject);
  } else {
    const { get } = await import("node:http");
    get(url, options, resolve).on("error", reject);
  }
  return await textOf(await promise);
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
