import type { HttpResponse } from "../http_message.ts";

export const PPROF_PATH = "/debug/pprof/";

/** Why profiles that Go has are not here. */
export const UNAVAILABLE_PROFILES: ReadonlyMap<string, string> = new Map([
  ["allocs", "V8 samples what lives, which is the profile heap, and forgets what was collected"],
  ["block", "nothing here blocks: there is one thread, which waits for events"],
  ["goroutine", "there are no goroutines: there is one thread, which works off events in turn"],
  ["mutex", "there are no locks between threads"],
  ["threadcreate", "threads are the runtime's own affair, and it keeps no record of them"],
  ["trace", "Go's form of a trace has no counterpart; profile?format=v8 is in the order of time"],
]);

/** What there is, with what it means here. */
const AVAILABLE_PROFILES: ReadonlyMap<string, string> = new Map([
  ["cmdline", "The command line with which this program was started."],
  [
    "heap",
    "Memory of V8's heap that lives, by where it was allocated, sampled since the server began. " +
    "Values, caches and files lie outside of that heap: metrics tell their size. With format=v8 " +
    "it is in V8's own form.",
  ],
  [
    "profile",
    "Where the processor's time goes, for as long as the parameter seconds says (30). It is read " +
    "by <code>go tool pprof</code>, without lines: V8 knows those of the JavaScript that runs, not " +
    "those of the source. Beginning it holds up the server for about a tenth of a second. With " +
    "format=v8 it is in V8's own form, which the developer tools of browsers read.",
  ],
  ["symbol", "Nothing: profiles here carry the names of functions themselves."],
]);

/** The page with all of them. */
export function pprofIndex(): HttpResponse {
  const rows = [...AVAILABLE_PROFILES].map(([name, what]) =>
    `<dt><a href="${name}">${name}</a></dt><dd>${what}</dd>\n`
  );
  const missing = [...UNAVAILABLE_PROFILES].map(([name, why]) =>
    `<dt>${name}</dt><dd>${why}</dd>\n`
  );
  const body = `<!DOCTYPE html>
<html>
<head><title>${PPROF_PATH}</title></head>
<body>
<h1>${PPROF_PATH}</h1>
<dl>
${rows.join("")}</dl>
<p>What Go has and this program has not:</p>
<dl>
${missing.join("")}</dl>
</body>
</html>
`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body };
}
