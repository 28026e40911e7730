import { badFeature } from "../exit_code.ts";
import { boolFlag, type Flag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";

/** How large a check is. */
export type Load = "s" | "m" | "l" | "xl";

/** The names of the loads; each has a long one. */
const LOADS: ReadonlyMap<string, Load> = new Map([
  ["s", "s"],
  ["small", "s"],
  ["m", "m"],
  ["medium", "m"],
  ["l", "l"],
  ["large", "l"],
  ["xl", "xl"],
  ["xLarge", "xl"],
]);

/** What shells offer for `--load`. */
export const LOAD_VALUES: readonly string[] = [...LOADS.keys()];

/** What is tidied up behind a check. */
export const TIDY_FLAGS: readonly Flag[] = [
  boolFlag("auto-compact", "Compact storage with last revision after test is finished."),
  boolFlag("auto-defrag", "Defragment storage after test is finished."),
];

/** The load that was asked for. Throws a CtlError when there is none of that name. */
export function loadOf(flags: FlagSet): Load {
  const name = flags.text("load");
  const load = LOADS.get(name);
  if (load === undefined) throw badFeature(`unknown load option ${name}`);
  return load;
}
