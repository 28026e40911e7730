/** A request as our own handlers see it, whichever transport it came by. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A response as our own handlers give it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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

/** The handler for GET and HEAD alone; other methods are told so. */
export function getOnly(handler: HttpHandler): HttpHandler {
  return (request) => {
    if (request.method === "GET" || request.method === "HEAD") return handler(request);
    const refusal = textResponse(405, "Method Not Allowed\n");
    return { ...refusal, headers: { ...refusal.headers, allow: "GET" } };
  };
}
