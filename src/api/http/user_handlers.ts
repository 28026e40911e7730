/** What an embedder adds to the client port: a web-standard handler for a path. */
export type UserHandler = (request: Request) => Response | Promise<Response>;

/**
 * Handlers by path. A path that ends in a slash stands for everything below it, and the longest
 * match wins, as in Go's ServeMux.
 */
export type UserHandlers = ReadonlyMap<string, UserHandler>;

/** The handler whose path fits best. */
export function findUserHandler(handlers: UserHandlers, path: string): UserHandler | undefined {
  let best = "";
  for (const candidate of handlers.keys()) {
    const fits = candidate === path || (candidate.endsWith("/") && path.startsWith(candidate));
    if (fits && candidate.length > best.length) best = candidate;
  }
  return handlers.get(best);
}
