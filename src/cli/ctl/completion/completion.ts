import type { Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { type CompletionTable, completionTable } from "./completion_table.ts";
import { fishScript } from "./fish.ts";
import { powershellScript } from "./powershell.ts";
import { zshScript } from "./zsh.ts";

const MAKERS: ReadonlyMap<string, (table: CompletionTable) => string> = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
  ["powershell", powershellScript],
]);

/** A script that completes the commands below a root; undefined for a shell that has none. */
export function completionScript(root: Command, shell: string): string | undefined {
  return MAKERS.get(shell)?.(completionTable(root));
}
