import { ServerProcess } from "./server_process.ts";
import type { TargetName } from "./targets.ts";

/** How servers complain of a flag that they do not have or that does nothing yet. */
const REFUSALS: readonly string[] = ["is refused:", "flag provided but not defined"];

/** Those of the flags that the server takes, so that a test can be ready before the server is. */
export async function acceptedFlags(
  target: TargetName,
  flags: readonly string[],
): Promise<readonly string[]> {
  if (await takes(target, flags)) return flags;
  const accepted: string[] = [];
  for (const flag of flags) {
    if (await takes(target, [flag])) accepted.push(flag);
    else console.log(`${target} does not take ${flag} yet: tested without it`);
  }
  return accepted;
}

async function takes(target: TargetName, flags: readonly string[]): Promise<boolean> {
  try {
    const server = await ServerProcess.start(target, { flags });
    await server.dispose();
    return true;
  } catch (error) {
    const text = String(error);
    if (REFUSALS.some((refusal) => text.includes(refusal))) return false;
    throw error;
  }
}
