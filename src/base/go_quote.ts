const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

// deno-lint-ignore no-control-regex -- Control characters are what this looks for.
const NEEDS_ESCAPE = /["\\\x00-\x1f\x7f]|[\p{C}\p{Zl}\p{Zp}]|[^\S ]/gu;

/** Quotes a text as Go's `%q` does, which is the form that etcd's messages use. */
export function goQuote(text: string): string {
  return `"${text.replace(NEEDS_ESCAPE, escapeOf)}"`;
}

function escapeOf(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
