const encoder = new TextEncoder();

/** What happens right now, in one line that the next one overwrites; only for people. */
export function showProgress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`));
}

/** Something worth keeping that is not part of the table. */
export function note(text: string): void {
  showProgress("");
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
}
