import { messageOf } from "../../../base/error_message.ts";
import { byteText } from "../byte_text.ts";
import type { CommandContext } from "../context.ts";

const METRIC = "process_resident_memory_bytes";

/** What the first server named says of its memory; undefined, with a line why, if it does not. */
export async function residentMemoryBytes(context: CommandContext): Promise<number | undefined> {
  const { endpoints: [endpoint], tls } = await context.target();
  const scheme = tls === undefined ? "http" : "https";
  const url = `${endpoint.includes("://") ? endpoint : `${scheme}://${endpoint}`}/metrics`;
  const complain = (what: string): undefined => void context.io.stdout(byteText(`${what}\n`));
  let page: string;
  try {
    page = await context.io.fetchText(url, tls);
  } catch (error) {
    return complain(`fetch error: ${messageOf(error)}`);
  }
  const [, value] = new RegExp(`^${METRIC} (.*)$`, "m").exec(page) ?? [];
  if (value === undefined) return complain(`could not find: ${METRIC}`);
  const bytes = Number(value);
  return Number.isFinite(bytes) ? bytes : complain(`parse error: ${value} is no number`);
}
