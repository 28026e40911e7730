import type { Caller } from "./upstream.ts";

/** In whose name the servers are asked, and for how long. */
export interface Asker {
  /** Undefined: the proxy's own. */
  readonly caller: Caller | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Infinity: as long as it takes. */
  remainingMs(): number;
}
