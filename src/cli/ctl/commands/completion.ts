import { quoteBytes } from "../byte_text.ts";
import type { Command } from "../command.ts";
import { completionScript } from "../completion/completion.ts";
import { UsageError } from "../usage_error.ts";

/** Prints a script that completes commands and flags in a shell. */
export const COMPLETION_COMMAND: Command = {
  name: "completion",
  synopsis: "[bash|zsh|fish|powershell]",
  short: "Generate completion script",
  long: `Prints a script that completes commands, flags and their values. To have it in this shell:

  bash:        source <(detcd ctl completion bash)
  zsh:         source <(detcd ctl completion zsh)
  fish:        detcd ctl completion fish | source
  PowerShell:  detcd ctl completion powershell | Out-String | Invoke-Expression

To have it in every shell, put the same line into the file that the shell reads when it starts.`,
  async run({ args, io }) {
    if (args.length !== 1) throw new UsageError(`accepts 1 arg(s), received ${args.length}`);
    const [shell] = args;
    // The root knows this command, so this command learns of the root when it runs.
    const { ROOT_COMMAND } = await import("../root.ts");
    const script = completionScript(ROOT_COMMAND, shell);
    if (script === undefined) {
      throw new UsageError(`invalid argument ${quoteBytes(shell)} for "detcd ctl completion"`);
    }
    io.stdout(script);
  },
};
