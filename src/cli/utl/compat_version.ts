import { CompatVersion } from "../../core/members/compat_version.ts";
import { badArguments } from "../ctl/exit_code.ts";
import type { Flag } from "../ctl/flags/flag.ts";
import type { UtlContext } from "./context.ts";

/** The flag that names the etcd whose ways to follow. */
export function compatVersionFlag(value: string, usage: string): Flag {
  const lines = CompatVersion.lines().join(", ");
  return { name: "compat-version", kind: "string", default: value, usage: `${usage} (${lines})` };
}

/** The line that was asked for; undefined if the flag is empty. */
export function compatVersionOf(context: UtlContext): CompatVersion | undefined {
  const line = context.text("compat-version");
  if (line === "") return undefined;
  const version = CompatVersion.of(line);
  if (version !== undefined) return version;
  const known = CompatVersion.lines().join(", ");
  throw badArguments(`unknown --compat-version ${line}: choose one of ${known}`);
}
