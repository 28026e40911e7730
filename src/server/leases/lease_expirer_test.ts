import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import { Lessor } from "../../core/lease/lessor.ts";
import { LeaseExpirer } from "./lease_expirer.ts";

const RETRY_MS = 7_000;

Deno.test("LeaseExpirer revokes what has run out, and tries again later what failed", () => {
  const clock = new ManualClock();
  const lessor = new Lessor({ minTtlSeconds: 1 });
  const revoked: bigint[] = [];
  let refusal: EtcdError | undefined = ETCD_ERRORS.corrupt;
  const expirer = new LeaseExpirer(
    lessor,
    {
      leads: true,
      revokeLease(id, settled) {
        revoked.push(id);
        if (refusal === undefined) lessor.revoke(id);
        settled(refusal);
      },
    },
    clock,
    RETRY_MS,
  );
  lessor.promote(clock.nowMs, 0);
  lessor.grant(1n, 2, clock.nowMs);
  expirer.start();
  clock.advance(1_900);
  assert.deepEqual(revoked, []);
  clock.advance(600);
  assert.deepEqual([revoked, expirer.expiredCount], [[1n], 0]);
  clock.advance(RETRY_MS - 600);
  assert.deepEqual(revoked, [1n]);
  refusal = undefined;
  clock.advance(1_100);
  assert.deepEqual([revoked, expirer.expiredCount], [[1n, 1n], 1]);
  clock.advance(2 * RETRY_MS);
  assert.equal(revoked.length, 2);
  expirer.stop();
  assert.equal(clock.timerCount, 0);
});
