import { byteText } from "./byte_text.ts";
import { CtlError, EXIT_CODE } from "./exit_code.ts";
import type { FlagSet } from "./flags/flag_set.ts";
import { GLOBAL_FLAGS } from "./flags/global_flags.ts";

const PREFIX = "ETCDCTL_";

/** The environment variable that sets a global flag. */
export function variableOf(flag: string): string {
  return PREFIX + flag.toUpperCase().replaceAll("-", "_");
}

/**
 * Sets the global flags that the environment names. As in etcdctl a value that cannot be read is
 * ignored, and a variable beside its flag is an error.
 */
export function applyEnvironment(
  flags: FlagSet,
  environment: Readonly<Record<string, string>>,
): void {
  for (const { name } of GLOBAL_FLAGS) {
    const variable = variableOf(name);
    const value = environment[variable] ?? "";
    if (value === "") continue;
    if (flags.changed(name)) throw conflict(variable);
    flags.setIfSound(name, byteText(value));
  }
}

function conflict(variable: string): CtlError {
  return new CtlError(
    EXIT_CODE.error,
    `conflicting environment variable "${variable}" is shadowed by corresponding command-line ` +
      "flag (either unset environment variable or disable flag)",
  );
}
