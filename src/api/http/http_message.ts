import type { HeaderList } from "../../net/hpack/header_list.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";

/** A request as our own handlers see it, whichever transport it came by. None has a use for a body. */
export interface HttpRequest {
  readonly method: string;
  /** Without its query, and unescaped. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The host and port that the client means to talk to. */
  readonly authority: string;
  /** `headers.get(name)`, by names in lower case. */
  readonly headers: HeaderList;
  /** Who sent the request. */
  readonly remote: RemoteEnd;
  /** `listener` is called when the client goes before it has its response. To be called once. */
  whenGone(listener: () => void): void;
}

/** A response as our own handlers give it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Answers one request. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** A plain text answer. */
export function textResponse(status: number, body: string): HttpResponse {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  };
  return { status, headers, body };
}

/** A JSON answer; the text is JSON already. */
export function jsonResponse(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body };
}

/** The handler for GET alone; other methods, HEAD among them as in etcd, are told so. */
export function getOnly(handler: HttpHandler): HttpHandler {
  return (request) => {
    if (request.method === "GET") return handler(request);
    const refusal = textResponse(405, "Method Not Allowed\n");
    return { ...refusal, headers: { ...refusal.headers, allow: "GET" } };
  };
}
