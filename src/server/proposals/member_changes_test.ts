import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../core/errors.ts";
import { ConfChange } from "../../pb/raftpb.ts";
import { MemberChanges } from "./member_changes.ts";

/** Changes, and what became of them. */
class Fixture {
  readonly clock = new ManualClock();
  readonly submitted: bigint[] = [];
  readonly outcomes: string[] = [];
  refusal: EtcdError | undefined;
  readonly changes = new MemberChanges(this.clock, ({ id }) => {
    if (this.refusal !== undefined) throw this.refusal;
    this.submitted.push(id);
  });

  propose(id: bigint): void {
    this.changes.propose(ConfChange.create({ id }), {
      applied: () => this.outcomes.push(`${id} applied`),
      failed: (error) => this.outcomes.push(`${id} ${error.message}`),
    });
  }

  apply(id: bigint, refusal?: EtcdError): void {
    this.changes.applied(id, refusal);
    this.changes.submitNext();
  }
}

Deno.test("MemberChanges puts one change after the other into the log", () => {
  const fixture = new Fixture();
  for (const id of [1n, 2n, 3n]) fixture.propose(id);
  assert.deepEqual(fixture.submitted, [1n]);
  fixture.changes.submitNext();
  fixture.apply(99n);
  assert.deepEqual([fixture.submitted, fixture.outcomes], [[1n], []]);
  fixture.apply(1n);
  fixture.apply(2n, ETCD_ERRORS.memberNotFound);
  assert.deepEqual(fixture.submitted, [1n, 2n, 3n]);
  assert.deepEqual(fixture.outcomes, ["1 applied", "2 etcdserver: member not found"]);
});

Deno.test("MemberChanges tells who cannot be served, and goes on with the next", () => {
  const fixture = new Fixture();
  fixture.propose(1n);
  fixture.propose(2n);
  fixture.refusal = ETCD_ERRORS.noLeader;
  fixture.apply(1n);
  assert.deepEqual(fixture.outcomes, ["1 applied", "2 etcdserver: no leader"]);
  fixture.refusal = undefined;
  fixture.propose(3n);
  assert.deepEqual(fixture.submitted, [1n, 3n]);
});

Deno.test("MemberChanges gives up on what takes too long, and on all at the end", () => {
  const fixture = new Fixture();
  fixture.propose(1n);
  fixture.clock.advance(1_000);
  fixture.propose(2n);
  fixture.changes.expire(fixture.clock.nowMs - 500);
  assert.deepEqual(fixture.outcomes, ["1 etcdserver: request timed out"]);
  assert.deepEqual(fixture.submitted, [1n, 2n]);
  fixture.changes.failAll(ETCD_ERRORS.stopped);
  assert.equal(fixture.outcomes.at(-1), "2 etcdserver: server stopped");
  fixture.apply(2n);
  assert.equal(fixture.outcomes.length, 2);
});
