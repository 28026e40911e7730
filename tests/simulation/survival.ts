import { Prng } from "../../src/base/prng.ts";
import type { History } from "./history.ts";
import { SMALL_SETTINGS } from "./fixed_scenario.ts";
import { checkFile, checkMemory } from "./member_check.ts";
import { SimulatedMember } from "./simulated_member.ts";
import type { World } from "./world.ts";

/**
 * Starts a member on what is on the world's disk, and verifies that it has what it must have, in
 * memory and in its files; and that another start changes nothing about it.
 */
export async function expectSurvival(world: World, history: History): Promise<void> {
  for (let start = 0; start < 2; start++) {
    const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
    try {
      history.settle(member.server);
      checkMemory(member.server, history.model, new Prng(start));
      await checkFile(member.server, history.model);
    } finally {
      await member.stop();
    }
    if (member.failures.length > 0) throw member.failures[0];
  }
}
