import assert from "node:assert/strict";
import { ServingStatus } from "../../../src/pb/healthpb.ts";
import { HEALTH_SERVICE, MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { put } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

describeBothTargets("health during defragmentation", (test) => {
  test("a watch hears of the pause", async ({ client, prefix }) => {
    // Enough to do: etcd tells a watch nothing of a pause that ends at once.
    const value = "x".repeat(100_000);
    await Promise.all(Array.from({ length: 300 }, (_, i) => put(client, prefix + i, value)));
    const watch = client.open(HEALTH_SERVICE.watch);
    watch.send({});
    watch.halfClose();
    const before = await watch.next();
    assert.equal(before.status, ServingStatus.SERVING);
    await client.call(MAINTENANCE_SERVICE.defragment);
    const statuses = [(await watch.next()).status, (await watch.next()).status];
    assert.deepEqual(statuses, [ServingStatus.NOT_SERVING, ServingStatus.SERVING]);
    const { status } = await client.call(HEALTH_SERVICE.check);
    assert.equal(status, ServingStatus.SERVING);
  });
}, { targets: NEWER_TARGET_NAMES, flags: ["--feature-gates=StopGRPCServiceOnDefrag=true"] });
