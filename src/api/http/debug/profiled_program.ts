import type { Clock } from "../../../base/clock.ts";
import type { OpenStreams } from "../../../server/open_streams.ts";

/** What profiles need of the program that is profiled; a server has it. */
export interface ProfiledProgram {
  readonly config: { readonly clock: Clock };
  /** What ends when it stops. */
  readonly streams: OpenStreams;
  /** Resolves when the program begins to stop. */
  readonly stoppingNotify: Promise<void>;
}
