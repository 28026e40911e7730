import { CLI_LIMITS } from "../limits.ts";
import { Progress } from "../progress.ts";
import { byteText } from "./byte_text.ts";
import type { CtlIo } from "./io.ts";

/** Shows how far work is that takes long; most of the time it is over before anybody wonders. */
export async function showProgress<T>(
  io: CtlIo,
  what: string,
  totalBytes: number,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const screen = {
    isTerminal: io.isTerminal,
    write: (text: string): void => io.stderr(byteText(text)),
  };
  const quietMs = CLI_LIMITS.progressQuietMs;
  const progress = new Progress(screen, io.clock, { what, totalBytes, quietMs });
  try {
    const result = await work(progress);
    progress.end();
    return result;
  } finally {
    progress.abandon();
  }
}
