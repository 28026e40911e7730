import assert from "node:assert/strict";
import { simulatedError } from "../../src/disk/simulated_hardware.ts";
import { putOf } from "./actions.ts";
import { SMALL_SETTINGS } from "./fixed_scenario.ts";
import { History } from "./history.ts";
import { SimulatedMember } from "./simulated_member.ts";
import { expectSurvival } from "./survival.ts";
import { World } from "./world.ts";

/** Enough for many snapshots, behind each of which the log is purged. */
const LATER_WRITES = 60;

/** Lets the first operation fail that is of the given kind and follows the rename of the copy. */
function failBehindRename(world: World, concerned: RegExp): void {
  let isRenamed = false;
  let hasFailed = false;
  world.observe = (operation, path) => {
    if (isRenamed && !hasFailed && concerned.test(`${operation} ${path}`)) {
      hasFailed = true;
      throw simulatedError(operation, path, "EIO");
    }
    if (operation === "rename" && path.endsWith("/db")) isRenamed = true;
  };
}

/** With the copy in place, nothing that is written to the file before would be found again. */
for (const concerned of [/^sync .*\/snap$/, /^open .*\/db$/, /^read .*\/db$/]) {
  Deno.test(`EtcdServer loses nothing when a defragmentation fails late, with ${concerned}`, async () => {
    const world = new World(1);
    const history = new History();
    const member = await SimulatedMember.start(world, history, SMALL_SETTINGS);
    await member.perform(putOf("before", "1"));
    failBehindRename(world, concerned);
    member.inBackground(member.server.backend.defragment());
    await member.settled();
    for (let i = 0; i < LATER_WRITES && member.isRunning; i++) {
      await member.perform(putOf(`later/${i}`, "v".repeat(200)));
      world.clock.advance(1_000);
    }
    await member.stop();
    assert.match(String(member.failures[0]), /^DiskError: Cannot .* \/data\/member\/snap.*EIO/);
    world.losePower("torn");
    await expectSurvival(world, history);
  });
}
