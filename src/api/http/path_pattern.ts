/**
 * The pattern that fits a path best, as in Go's ServeMux: a pattern stands for exactly its path,
 * one that ends in a slash for everything below it too, and the longest match wins.
 */
export function pathPatternFor(
  patterns: ReadonlyMap<string, unknown>,
  path: string,
): string | undefined {
  if (patterns.has(path)) return path;
  let slash = path.lastIndexOf("/");
  while (slash >= 0) {
    const prefix = path.slice(0, slash + 1);
    if (patterns.has(prefix)) return prefix;
    slash = slash === 0 ? -1 : path.lastIndexOf("/", slash - 1);
  }
  return undefined;
}
