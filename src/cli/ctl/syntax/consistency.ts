import { badFeature } from "../exit_code.ts";
import { type Flag, stringFlag } from "../flags/flag.ts";
import type { FlagSet } from "../flags/flag_set.ts";

/** Whether an answer may be behind that of other members. */
export const CONSISTENCY_FLAG: Flag = {
  ...stringFlag("consistency", "l", "Linearizable(l) or Serializable(s)"),
  values: ["l", "s"],
};

/** Whether the member that is asked shall answer by itself. Throws a CtlError for another value. */
export function isSerializable(flags: FlagSet): boolean {
  const consistency = flags.text(CONSISTENCY_FLAG.name);
  if (consistency === "s") return true;
  if (consistency === "l") return false;
  throw badFeature(`unknown consistency flag "${consistency}"`);
}
