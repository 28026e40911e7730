import { byteText, plainText } from "./byte_text.ts";
import { CtlError, EXIT_CODE } from "./exit_code.ts";
import type { FlagSet } from "./flags/flag_set.ts";
import { GLOBAL_FLAGS } from "./flags/global_flags.ts";
import type { CtlIo } from "./io.ts";
import { logWarning } from "./warning.ts";

const PREFIX = "ETCDCTL_";

/** The environment variable that sets a global flag. */
export function variableOf(flag: string): string {
  return PREFIX + flag.toUpperCase().replaceAll("-", "_");
}

/** Variables that set no flag: those of `watch`, and the one that chose between etcd's APIs once. */
const SPECIAL: readonly string[] = [
  "ETCDCTL_WATCH_KEY",
  "ETCDCTL_WATCH_RANGE_END",
  "ETCDCTL_API",
];

/**
 * Sets the global flags that the environment names. As in etcdctl a value that cannot be read and
 * a variable that sets nothing are ignored, with a warning, and a variable beside its flag is an
 * error.
 */
export function applyEnvironment(io: CtlIo, flags: FlagSet): void {
  const { environment } = io;
  for (const { name } of GLOBAL_FLAGS) {
    const variable = variableOf(name);
    const value = environment[variable] ?? "";
    if (value === "") continue;
    if (flags.changed(name)) throw conflict(variable);
    const why = flags.setIfSound(name, byteText(value));
    if (why === undefined) continue;
    const fields = { "environment-variable": variable, error: plainText(why) };
    logWarning(io, "ignored environment variable", fields);
  }
  const known = new Set([...SPECIAL, ...GLOBAL_FLAGS.map(({ name }) => variableOf(name))]);
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(PREFIX) || known.has(variable)) continue;
    // Without its value: what nobody recognizes may be a secret.
    logWarning(io, "unrecognized environment variable", { "environment-variable": variable });
  }
}

function conflict(variable: string): CtlError {
  return new CtlError(
    EXIT_CODE.error,
    `conflicting environment variable "${variable}" is shadowed by corresponding command-line ` +
      "flag (either unset environment variable or disable flag)",
  );
}
