import { findProgram } from "../harness/programs.ts";
import { type Outcome, runProgram } from "./command_line_outcome.ts";

/** The etcd that Debian ships, 3.4.23. */
export const etcd = findProgram("etcd") ?? "";
export const ignore = etcd === "";

/** What it makes of a command line, in the words of today's etcd. */
export async function runEtcd(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const { code, text } = await runProgram(etcd, args, environment);
  if (code === 2) return { code, message: text.slice(0, text.indexOf("\n")) };
  const found = /error verifying flags, (.*)\. See 'etcd --help'\./s.exec(text);
  // 3.4 quotes a stray argument otherwise than today's etcd, and names v2 discovery.
  const message = (found?.[1] ?? text).replace('"discovery" or', '"discovery-endpoints" or');
  return {
    code,
    message: message.replace(/^'(.*)' is not a valid flag$/s, '"$1" is not a valid flag'),
  };
}

/** Flags about what is stored, each with the name that 3.4 has for it. */
export const STORAGE_FLAGS: Readonly<Record<string, string>> = {
  "snapshot-count": "snapshot-count",
  "max-wals": "max-wals",
  "max-snapshots": "max-snapshots",
  "backend-batch-interval": "backend-batch-interval",
  "backend-batch-limit": "backend-batch-limit",
  "backend-bbolt-freelist-type": "experimental-backend-bbolt-freelist-type",
  "compaction-batch-limit": "experimental-compaction-batch-limit",
  "corrupt-check-time": "experimental-corrupt-check-time",
  "experimental-corrupt-check-time": "experimental-corrupt-check-time",
  "experimental-initial-corrupt-check": "experimental-initial-corrupt-check",
};
