/**
 * The pattern that fits a path best, as in Go's ServeMux: a pattern stands for exactly its path,
 * one that ends in a slash for everything below it too, and the longest match wins.
 */
export function pathPatternFor(
  patterns: ReadonlyMap<string, unknown>,
  path: string,
): string | undefined {
  if (patterns.has(path)) return path;
  // To look up every folder of the path would take long for a path of many.
  let longest: string | undefined;
  for (const pattern of patterns.keys()) {
    if (!pattern.endsWith("/") || !path.startsWith(pattern)) continue;
    if (longest === undefined || pattern.length > longest.length) longest = pattern;
  }
  return longest;
}
