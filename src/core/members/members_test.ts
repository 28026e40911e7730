import assert from "node:assert/strict";
import { textFromBytes } from "../../base/bytes.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { decodeMember, encodeMember, type Member } from "./member.ts";
import { computeClusterId, computeMemberId, formatId } from "./member_id.ts";
import { ClusterVersionRefused } from "./cluster_version.ts";
import { Membership } from "./membership.ts";

const MEMBER: Member = {
  id: 10501334649042878790n,
  peerUrls: ["http://localhost:2380"],
  isLearner: false,
  name: "default",
  clientUrls: ["http://localhost:2379"],
};

Deno.test("computeMemberId() and computeClusterId() give etcd's IDs of a default member", () => {
  // What every etcd started without flags prints.
  const id = computeMemberId(["http://localhost:2380"], "etcd-cluster");
  assert.equal(formatId(id), "8e9e05c52164694d");
  assert.equal(formatId(computeClusterId([id])), "cdf818194e3a8c32");
});

Deno.test("encodeMember() writes etcd's JSON and decodeMember() reads it", () => {
  const bytes = encodeMember(MEMBER);
  assert.equal(
    textFromBytes(bytes),
    '{"id":10501334649042878790,"peerURLs":["http://localhost:2380"],' +
      '"name":"default","clientURLs":["http://localhost:2379"]}',
  );
  assert.deepEqual(decodeMember(bytes), MEMBER);
});

Deno.test("decodeMember() refuses what is not a member", () => {
  for (const text of ["", "[]", "{}", '{"id":"x"}']) {
    assert.throws(() => decodeMember(new TextEncoder().encode(text)), SyntaxError);
  }
});

Deno.test("Membership refuses used IDs and URLs with etcd's errors", () => {
  const membership = new Membership(1n);
  membership.add(MEMBER);
  assert.throws(() => membership.add(MEMBER), ETCD_ERRORS.memberExist);
  assert.throws(() => membership.add({ ...MEMBER, id: 2n }), ETCD_ERRORS.peerURLExist);
  membership.remove(MEMBER.id);
  assert.throws(() => membership.remove(MEMBER.id), ETCD_ERRORS.memberNotFound);
  assert.throws(() => membership.add(MEMBER), ETCD_ERRORS.memberNotFound);
  assert.deepEqual(membership.list(), []);
});

Deno.test("Membership lets no member have a peer URL of another", () => {
  const membership = new Membership(1n);
  const other: Member = { ...MEMBER, id: 2n, peerUrls: ["http://127.0.0.1:9"] };
  membership.add(MEMBER);
  membership.add(other);
  const taken = ["http://127.0.0.1:8", ...MEMBER.peerUrls];
  assert.throws(() => membership.updatePeerUrls(2n, taken), ETCD_ERRORS.peerURLExist);
  assert.throws(() => membership.updatePeerUrls(3n, taken), ETCD_ERRORS.memberNotFound);
  membership.updatePeerUrls(MEMBER.id, taken);
  assert.deepEqual(membership.get(MEMBER.id)?.peerUrls, taken);
});

Deno.test("Membership records what a member publishes", () => {
  const membership = new Membership(1n);
  membership.add({ ...MEMBER, name: "", clientUrls: [] });
  membership.updateAttributes(MEMBER.id, "n1", ["http://127.0.0.1:1"]);
  membership.updatePeerUrls(MEMBER.id, ["http://127.0.0.1:2"]);
  assert.deepEqual(membership.list(), [
    { ...MEMBER, name: "n1", clientUrls: ["http://127.0.0.1:1"], peerUrls: ["http://127.0.0.1:2"] },
  ]);
});

Deno.test("Membership.changeCount grows with every change and with nothing else", () => {
  const membership = new Membership(1n);
  const other: Member = { ...MEMBER, id: 2n, peerUrls: ["http://127.0.0.1:9"] };
  const changes = [
    () => membership.add(MEMBER),
    () => membership.add(other),
    () => membership.setClusterVersion("3.4.0"),
    () => membership.updateAttributes(2n, "n2", []),
    () => membership.updatePeerUrls(2n, ["http://127.0.0.1:10"]),
    () => membership.setDowngrade({ enabled: true, targetVersion: "3.6.0" }),
    () => membership.remove(2n),
    () => membership.restore([MEMBER], [], undefined),
  ];
  for (const change of changes) {
    const before = membership.changeCount;
    change();
    assert.ok(membership.changeCount > before, String(change));
  }
  const count = membership.changeCount;
  assert.throws(() => membership.add(MEMBER), ETCD_ERRORS.memberExist);
  assert.throws(() => membership.remove(7n), ETCD_ERRORS.memberNotFound);
  membership.list();
  assert.equal(membership.changeCount, count);
});

Deno.test("Membership.restore() replaces everything", () => {
  const membership = new Membership(1n);
  membership.add({ ...MEMBER, id: 9n, peerUrls: ["http://127.0.0.1:9"] });
  membership.remove(9n);
  membership.add({ ...MEMBER, id: 8n, peerUrls: ["http://127.0.0.1:8"] });
  membership.setClusterVersion("3.7.0");
  membership.setDowngrade({ enabled: true, targetVersion: "3.6.0" });
  membership.restore([MEMBER], [5n, 3n], "3.4.0");
  assert.equal(membership.saidOfDowngrade, undefined);
  assert.deepEqual(membership.list(), [MEMBER]);
  assert.deepEqual(membership.removedIds(), [3n, 5n]);
  assert.equal(membership.clusterVersion, "3.4.0");
  assert.throws(
    () => membership.add({ ...MEMBER, id: 5n, peerUrls: ["x"] }),
    ETCD_ERRORS.memberNotFound,
  );
  membership.add({ ...MEMBER, id: 9n, peerUrls: ["http://127.0.0.1:9"] });
  membership.restore([], [], undefined);
  assert.deepEqual([membership.list(), membership.clusterVersion], [[], undefined]);
});

Deno.test("Membership refuses a cluster version above all that detcd knows", () => {
  const membership = new Membership(1n);
  membership.setClusterVersion("3.7.0");
  membership.setClusterVersion("3.4.0");
  assert.throws(() => membership.setClusterVersion("3.8.0"), ClusterVersionRefused);
  assert.throws(() => membership.restore([], [], "4.0.0"), ClusterVersionRefused);
  assert.equal(membership.clusterVersion, "3.4.0");
});
