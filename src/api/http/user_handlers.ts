/** What an embedder adds to the client port: a web-standard handler for a path. */
export type UserHandler = (request: Request) => Response | Promise<Response>;

/**
 * Handlers by path. A path that ends in a slash stands for everything below it, and the longest
 * match wins, as in Go's ServeMux.
 */
export type UserHandlers = ReadonlyMap<string, UserHandler>;
