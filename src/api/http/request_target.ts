/** What a request asks for. */
export interface RequestTarget {
  /** Without the query, unescaped; only an escaped slash stays as it is, since it divides nothing. */
  readonly path: string;
  /** With its question mark, as it was sent; empty without a query. */
  readonly search: string;
  /** Where the client should ask instead, because the path goes up or has empty parts. */
  readonly redirect: string | undefined;
}

/** What the API was called before it was stable, and is now. */
const BETA_PREFIX = "/v3beta/";
const STABLE_PREFIX = "/v3/";

/** Reads a target as it was sent; undefined when it is none. */
export function parseTarget(target: string): RequestTarget | undefined {
  if (!target.startsWith("/")) return undefined;
  const question = target.indexOf("?");
  const sentPath = question < 0 ? target : target.slice(0, question);
  const search = question < 0 ? "" : target.slice(question);
  const rawPath = sentPath.startsWith(BETA_PREFIX)
    ? STABLE_PREFIX + sentPath.slice(BETA_PREFIX.length)
    : sentPath;
  const path = unescaped(rawPath);
  if (path === undefined) return undefined;
  const isClean = !/\/\/|\/\.{1,2}(\/|$)/.test(rawPath);
  return { path, search, redirect: isClean ? undefined : cleanPath(rawPath) + search };
}

function unescaped(path: string): string | undefined {
  if (!path.includes("%")) return path;
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return path.replace(/(?:%(?!2[fF])[0-9a-fA-F]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      // Bytes that are no text name nothing that is here.
      return escapes;
    }
  });
}

/** The path without empty parts, "." and "..", as Go's ServeMux wants it. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  const parts = path.split("/").slice(1);
  for (const part of parts) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  const isFolder = kept.length > 0 && path.endsWith("/");
  // Browsers take a backslash for a slash: behind the first one, it would name another server.
  return `/${kept.join("/")}${isFolder ? "/" : ""}`.replaceAll("\\", "%5C");
}
