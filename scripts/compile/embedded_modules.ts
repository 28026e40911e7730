import { lineOf, partSource } from "../source_text.ts";

/** `new URL("./worker.ts", import.meta.url)`, the one form in which the source names a worker. */
const NAMED_MODULE = /new\s+URL\(\s*"(\.[^"]+\.ts)"\s*,\s*import\.meta\.url\s*,?\s*\)/g;

/** An import whose specifier is known only when it runs. */
const COMPUTED_IMPORT = /\bimport\s*\(\s*(?!["\s])/g;

/**
 * The modules that a module loads without importing them, as paths relative to it. `deno compile`
 * follows imports only, so the executable lacks these unless it is told.
 */
export function namedModules(source: string): string[] {
  const { codeAndStrings } = partSource(source);
  return [...codeAndStrings.matchAll(NAMED_MODULE)].map((match) => match[1]);
}

/** The lines with an import that `deno compile` cannot follow and nobody can list. */
export function computedImportLines(source: string): number[] {
  const { codeAndStrings } = partSource(source);
  return [...codeAndStrings.matchAll(COMPUTED_IMPORT)]
    .map((match) => lineOf(codeAndStrings, match.index));
}
