import process from "node:process";

/** With what this program was started. */
export function commandLine(): readonly string[] {
  return process.argv;
}
