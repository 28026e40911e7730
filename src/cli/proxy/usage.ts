import type { Flag } from "../ctl/flags/flag.ts";
import { alignTabs } from "../ctl/tab_writer.ts";

/** A command of detcd itself that has flags of its own. */
export interface ProxyCommand {
  /** The words behind `detcd`, as `gateway start`. */
  readonly name: string;
  readonly short: string;
  readonly flags: readonly Flag[];
}

/** What `--help` prints, and a mistake in the flags. */
export function usageText({ name, flags }: ProxyCommand): string {
  const sorted = flags.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const lines = sorted.map((flag) => {
    const value = flag.kind === "bool" ? "" : ` ${flag.kind}`;
    return `      --${flag.name}${value}\t${flag.usage}${defaultText(flag)}`;
  });
  return `Usage:\n  detcd ${name} [flags]\n\nFlags:\n${alignTabs(lines)}`;
}

function defaultText({ kind, default: value }: Flag): string {
  const isZero = value === "" || value === "0" || value === "0s" || value === "false";
  if (isZero) return "";
  return kind === "string" ? ` (default "${value}")` : ` (default ${value})`;
}
