import type { UserHandler } from "./user_handlers.ts";

const ALLOWED_METHODS = "POST, GET, OPTIONS, PUT, DELETE";
const ALLOWED_HEADERS = "accept, content-type, authorization";

/** Every origin. */
const ANY = "*";

/** A response header. */
type HeaderField = readonly [name: string, value: string];

/**
 * The headers by which a browser learns that a page may call: none if its origin is not among those
 * allowed. No origins, or `*` among them, allow all.
 */
export function corsHeaders(
  allowed: ReadonlySet<string>,
  origin: string | undefined,
): readonly HeaderField[] {
  if (allowed.size === 0 || allowed.has(ANY)) return fieldsFor(ANY);
  return origin !== undefined && allowed.has(origin) ? fieldsFor(origin) : [];
}

function fieldsFor(origin: string): HeaderField[] {
  return [
    ["access-control-allow-methods", ALLOWED_METHODS],
    ["access-control-allow-origin", origin],
    ["access-control-allow-headers", ALLOWED_HEADERS],
  ];
}

/**
 * Lets web pages of other origins call a handler (cross-origin resource sharing), as etcd lets them
 * call its own paths. A request with the method OPTIONS, by which browsers ask beforehand, is
 * answered with status 200 and never reaches the handler; to all other answers the headers are added
 * that the browser looks for.
 *
 * What an embedder adds to `Config.userHandlers` needs this no more than etcd's own paths: there
 * `Config.cors` decides for all of them. It is for handlers that are served elsewhere.
 *
 * @param origins The origins that are allowed, such as `http://example.com:8080`; none, or `*` among
 * them, allow all.
 * @param handler What answers the requests.
 * @returns A handler that does both. It throws what `handler` throws.
 *
 * @example A page of one origin may read, others may not
 * ```ts
 * import { wrapCors } from "@detcd/detcd";
 *
 * const handler = wrapCors(["http://app.example:80"], () => new Response("hello"));
 * const request = new Request("http://localhost/", { headers: { origin: "http://app.example:80" } });
 * const response = await handler(request);
 * const allowed = response.headers.get("access-control-allow-origin");
 * if (allowed !== "http://app.example:80") throw new Error("not allowed");
 * ```
 */
export function wrapCors(origins: Iterable<string>, handler: UserHandler): UserHandler {
  const allowed = new Set(origins);
  return async (request) => {
    const fields = corsHeaders(allowed, request.headers.get("origin") ?? undefined);
    const answer = request.method === "OPTIONS" ? new Response(null) : await handler(request);
    const headers = new Headers(answer.headers);
    for (const [name, value] of fields) headers.append(name, value);
    const { status, statusText } = answer;
    return new Response(answer.body, { status, statusText, headers });
  };
}
