import type { Flag } from "../ctl/flags/flag.ts";
import { flagLines } from "../ctl/flags/flag_lines.ts";

/** A command of detcd itself that has flags of its own. */
export interface ProxyCommand {
  /** The words behind `detcd`, as `gateway start`. */
  readonly name: string;
  readonly short: string;
  readonly flags: readonly Flag[];
}

/** What `--help` prints, and a mistake in the flags. */
export function usageText({ name, flags }: ProxyCommand): string {
  const lines = flagLines(flags).map((line) => `${line}\n`);
  return `Usage:\n  detcd ${name} [flags]\n\nFlags:\n${lines.join("")}`;
}
