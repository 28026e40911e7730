import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../../src/base/bytes.ts";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { ELECTION_SERVICE, LEASE_SERVICE } from "../../../src/pb/services.ts";
import {
  type CampaignResponse,
  LeaderKey,
  type LeaderRequest,
  type LeaderResponse,
} from "../../../src/pb/v3electionpb.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { eventually } from "../../harness/eventually.ts";
import {
  type GrpcClient,
  type GrpcStream,
  refusal,
  withClient,
} from "../../harness/grpc_client.ts";
import { deleteRange, put, range, rangePrefix, revisionOf } from "../../harness/kv_calls.ts";

const PATIENT = { deadlineMs: 20_000 };
const NO_LEADER = { code: GrpcCode.Unknown, text: "election: no leader" };
const NOT_LEADER = { code: GrpcCode.Unknown, text: "election: not leader" };
const NO_LEADER_FIELD = { code: GrpcCode.Unknown, text: '"leader" field must be provided' };

async function grant(client: GrpcClient, ttl = 60): Promise<bigint> {
  return (await client.call(LEASE_SERVICE.leaseGrant, { ttl })).id;
}

function campaign(
  client: GrpcClient,
  name: string,
  lease: bigint,
  value: string,
): Promise<CampaignResponse> {
  const request = { name, lease, value: bytesFromText(value) };
  return client.call(ELECTION_SERVICE.campaign, request, PATIENT);
}

function leaderKey({ leader }: CampaignResponse): LeaderKey {
  assert.ok(leader !== undefined);
  return leader;
}

async function proclaim(client: GrpcClient, leader: LeaderKey, value: string): Promise<number> {
  const request = { leader, value: bytesFromText(value) };
  return revisionOf(await client.call(ELECTION_SERVICE.proclaim, request));
}

async function resign(client: GrpcClient, leader: LeaderKey): Promise<number> {
  return revisionOf(await client.call(ELECTION_SERVICE.resign, { leader }));
}

function leaderOf(client: GrpcClient, name: string): Promise<LeaderResponse> {
  return client.call(ELECTION_SERVICE.leader, { name });
}

async function untilCandidates(client: GrpcClient, name: string, count: number): Promise<void> {
  const holds = async () => (await rangePrefix(client, `${name}/`)).kvs.length === count;
  await eventually(`${name} has ${count} candidates`, holds);
}

function observe(client: GrpcClient, name: string): GrpcStream<LeaderRequest, LeaderResponse> {
  const stream = client.open(ELECTION_SERVICE.observe);
  stream.send({ name });
  stream.halfClose();
  return stream;
}

function said({ kv }: LeaderResponse): string {
  assert.ok(kv !== undefined);
  return textFromBytes(kv.value);
}

describeBothTargets("election", (test) => {
  test("is won by the first, who says something", async ({ client, prefix }) => {
    const lease = await grant(client);
    const before = revisionOf(await range(client, prefix));
    const won = await campaign(client, prefix, lease, "me");
    const key = `${prefix}/${lease.toString(16)}`;
    assert.deepEqual(won.leader, { name: prefix, key, lease, rev: before + 1 });
    assert.equal(revisionOf(won), before + 1);
    const leader = await leaderOf(client, prefix);
    assert.deepEqual([said(leader), leader.kv?.key, leader.kv?.lease], ["me", key, lease]);
    assert.equal(await proclaim(client, leaderKey(won), "me too"), before + 2);
    assert.equal(said(await leaderOf(client, prefix)), "me too");
    assert.equal(await resign(client, leaderKey(won)), before + 3);
    assert.deepEqual(await refusal(leaderOf(client, prefix)), NO_LEADER);
  });

  test("without a lease is on one of 60 seconds", async ({ client, prefix }) => {
    const { lease } = leaderKey(await campaign(client, prefix, 0n, "x"));
    const times = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: lease });
    assert.equal(times.grantedTtl, 60);
  });

  test("again with the same lease only says something new", async ({ client, prefix }) => {
    const lease = await grant(client);
    const first = await campaign(client, prefix, lease, "a");
    const same = await campaign(client, prefix, lease, "a");
    assert.deepEqual(same, first);
    const other = await campaign(client, prefix, lease, "b");
    assert.deepEqual(other.leader, first.leader);
    assert.equal(said(await leaderOf(client, prefix)), "b");
    assert.equal(revisionOf(other), revisionOf(first), "the header is that of the look");
  });

  test("refuses those who do not lead", async ({ client, prefix }) => {
    const leader = leaderKey(await campaign(client, prefix, await grant(client), "a"));
    const wrong = { ...leader, rev: leader.rev - 1 };
    assert.deepEqual(await refusal(proclaim(client, wrong, "b")), NOT_LEADER);
    const before = revisionOf(await range(client, prefix));
    assert.equal(await resign(client, wrong), before, "which is no error");
    await resign(client, leader);
    assert.deepEqual(await refusal(proclaim(client, leader, "c")), NOT_LEADER);
    assert.equal(await resign(client, leader), before + 1);
  });

  test("refuses what lacks something", async ({ client, prefix }) => {
    assert.deepEqual(await refusal(client.call(ELECTION_SERVICE.proclaim)), NO_LEADER_FIELD);
    assert.deepEqual(await refusal(client.call(ELECTION_SERVICE.resign)), NO_LEADER_FIELD);
    assert.deepEqual(await refusal(campaign(client, prefix, 99n, "x")), {
      code: GrpcCode.Unknown,
      text: "etcdserver: requested lease not found",
    });
    const leader = LeaderKey.create({ name: prefix });
    assert.deepEqual(await refusal(proclaim(client, leader, "x")), {
      code: GrpcCode.Unknown,
      text: "etcdserver: key is not provided",
    });
  });

  test("a proclamation without a lease is on one of 60 seconds", async ({ client, prefix }) => {
    const lease = await grant(client, 600);
    const leader = leaderKey(await campaign(client, prefix, lease, "a"));
    await proclaim(client, { ...leader, lease: 0n }, "b");
    const { kv } = await leaderOf(client, prefix);
    assert.ok(kv !== undefined && kv.lease !== lease);
    const times = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: kv.lease });
    assert.equal(times.grantedTtl, 60);
  });

  test("goes to who has waited longest", async ({ client, prefix }) => {
    const first = leaderKey(await campaign(client, prefix, await grant(client), "a"));
    const second = campaign(client, prefix, await grant(client), "b");
    await untilCandidates(client, prefix, 2);
    const third = campaign(client, prefix, await grant(client), "c");
    await untilCandidates(client, prefix, 3);
    assert.equal(said(await leaderOf(client, prefix)), "a");
    await resign(client, first);
    await resign(client, leaderKey(await second));
    await third;
    assert.equal(said(await leaderOf(client, prefix)), "c");
  });

  test("whoever stops waiting is no candidate any more", async ({ client, prefix, server }) => {
    await campaign(client, prefix, await grant(client), "a");
    await withClient(server, async (other) => {
      const request = { name: prefix, lease: 0n, value: bytesFromText("b") };
      const call = other.call(ELECTION_SERVICE.campaign, request, { deadlineMs: 400 });
      const gone = refusal(call);
      await untilCandidates(client, prefix, 2);
      assert.equal((await gone).code, GrpcCode.DeadlineExceeded);
    });
    await untilCandidates(client, prefix, 1);
  });

  test("passes on when the leader's lease ends", async ({ client, prefix }) => {
    await campaign(client, prefix, await grant(client, 2), "a");
    await campaign(client, prefix, await grant(client), "b");
    assert.equal(said(await leaderOf(client, prefix)), "b");
  });

  test("observers hear who leads and what leaders say", async ({ client, prefix }) => {
    const before = observe(client, prefix);
    const first = leaderKey(await campaign(client, prefix, await grant(client), "a"));
    assert.equal(said(await before.next()), "a");
    const behind = observe(client, prefix);
    assert.equal(said(await behind.next()), "a");
    const revision = await proclaim(client, first, "a2");
    for (const stream of [before, behind]) {
      const told = await stream.next();
      assert.deepEqual([said(told), told.kv?.modRevision], ["a2", revision]);
      assert.equal(told.kv?.createRevision, first.rev);
    }
    const second = campaign(client, prefix, await grant(client), "b");
    await untilCandidates(client, prefix, 2);
    assert.equal(before.waiting, 0, "who waits does not lead");
    await resign(client, first);
    await second;
    for (const stream of [before, behind]) assert.equal(said(await stream.next()), "b");
    before.cancel();
    behind.cancel();
    assert.equal((await before.ended).code, GrpcCode.Canceled);
  });

  test("observers wait for a leader, and again for the next", async ({ client, prefix }) => {
    const stream = observe(client, prefix);
    await put(client, `${prefix}/x`, "by hand");
    const told = await stream.next();
    assert.equal(said(told), "by hand");
    assert.equal(revisionOf(told), told.kv?.modRevision);
    await deleteRange(client, `${prefix}/x`);
    await put(client, `${prefix}/y`, "again");
    assert.equal(said(await stream.next()), "again");
  });

  test("names are not mixed up with longer ones", async ({ client, prefix }) => {
    await campaign(client, `${prefix}name`, await grant(client), "a");
    await campaign(client, `${prefix}names`, await grant(client), "b");
    assert.equal(said(await leaderOf(client, `${prefix}name`)), "a");
    assert.deepEqual(await refusal(leaderOf(client, `${prefix}nam`)), NO_LEADER);
  });
});
