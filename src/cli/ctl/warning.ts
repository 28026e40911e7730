import { byteText } from "./byte_text.ts";
import type { CtlIo } from "./io.ts";

/** Tells what a person should know, like etcdctl as a line of its log, which scripts leave out. */
export function logWarning(
  io: CtlIo,
  msg: string,
  fields: Readonly<Record<string, string>>,
): void {
  const ts = new Date(io.clock.wallMs()).toISOString();
  io.stderr(byteText(`${JSON.stringify({ level: "warn", ts, msg, ...fields })}\n`));
}
