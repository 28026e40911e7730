import assert from "node:assert/strict";
import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { type JsonObject, parseJson } from "../../base/json.ts";
import type { Member } from "./member.ts";
import { Membership } from "./membership.ts";
import { decodeV2Store, encodeV2Store } from "./v2_store_json.ts";

const VOTER: Member = {
  id: 0xbdae_9bbc_11dd_390dn,
  peerUrls: ["http://127.0.0.1:23801"],
  isLearner: false,
  name: "n1",
  clientUrls: ["http://127.0.0.1:23791"],
};
const LEARNER: Member = {
  id: 0x1fn,
  peerUrls: ["http://127.0.0.1:23998", "http://127.0.0.1:23999"],
  isLearner: true,
  name: "",
  clientUrls: [],
};

function node(path: string, rest: string): string {
  return `{"Path":"${path}","CreatedIndex":0,"ModifiedIndex":0,` +
    `"ExpireTime":"0001-01-01T00:00:00Z",${rest}}`;
}

function file(path: string, value: string): string {
  return node(path, `"Value":${JSON.stringify(value)},"Children":null`);
}

function directory(path: string, children: string): string {
  return node(path, `"Value":"","Children":{${children}}`);
}

/** What etcd 3.4.23 wrote into a snapshot, with the given nodes in its directory /0. */
function realStore(cluster: string, users = ""): Uint8Array {
  const events = `{"action":"create","node":{"key":"/0/version","value":"3.4.0",` +
    `"modifiedIndex":1,"createdIndex":1}}${",null".repeat(999)}`;
  const root = directory("/", `"0":${directory("/0", cluster)},"1":${directory("/1", users)}`);
  return bytesFromText(
    `{"Root":${root},"WatcherHub":{"EventHistory":{"Queue":{"Events":[${events}],"Size":1,` +
      `"Front":0,"Back":1,"Capacity":1000},"StartIndex":1,"LastIndex":1}},"CurrentIndex":7,` +
      `"Stats":{"getsSuccess":6,"watchers":0},"CurrentVersion":2}`,
  );
}

function membershipOf(
  members: readonly Member[],
  removed: readonly bigint[],
  clusterVersion: string | undefined,
): Membership {
  const membership = new Membership(1n);
  membership.restore(members, removed, clusterVersion);
  return membership;
}

Deno.test("decodeV2Store() reads what etcd 3.4 writes", () => {
  const path = "/0/members/bdae9bbc11dd390d";
  const attributes = file(
    `${path}/attributes`,
    '{"name":"n1","clientURLs":["http://127.0.0.1:23791"]}',
  );
  const raftAttributes = file(
    `${path}/raftAttributes`,
    '{"peerURLs":["http://127.0.0.1:23801"]}',
  );
  const member = directory(path, `"attributes":${attributes},"raftAttributes":${raftAttributes}`);
  const learner = directory(
    "/0/members/1f",
    `"raftAttributes":${
      file(
        "/0/members/1f/raftAttributes",
        '{"peerURLs":["http://127.0.0.1:23998","http://127.0.0.1:23999"],"isLearner":true}',
      )
    }`,
  );
  const members = directory("/0/members", `"bdae9bbc11dd390d":${member},"1f":${learner}`);
  const removed = directory(
    "/0/removed_members",
    `"fe":${file("/0/removed_members/fe", "")},"2":${file("/0/removed_members/2", "")}`,
  );
  const version = file("/0/version", "3.4.0");
  const cluster = `"members":${members},"removed_members":${removed},"version":${version}`;
  assert.deepEqual(decodeV2Store(realStore(cluster)), {
    members: [LEARNER, VOTER],
    removed: [2n, 0xfen],
    clusterVersion: "3.4.0",
    hasUserKeys: false,
  });
  const users = `"a":${file("/1/a", "x")}`;
  assert.equal(decodeV2Store(realStore(cluster, users)).hasUserKeys, true);
});

Deno.test("decodeV2Store() reads a store in which nothing is decided yet", () => {
  assert.deepEqual(decodeV2Store(realStore(`"members":${directory("/0/members", "")}`)), {
    members: [],
    removed: [],
    clusterVersion: undefined,
    hasUserKeys: false,
  });
});

Deno.test("encodeV2Store() writes what decodeV2Store() reads", () => {
  for (
    const [members, removed, version] of [
      [[LEARNER, VOTER], [2n, 0xffff_ffff_ffff_ffffn], "3.5.0"],
      [[VOTER], [], undefined],
      [[], [], undefined],
    ] as const
  ) {
    const bytes = encodeV2Store(membershipOf(members, removed, version), 12);
    const decoded = { members, removed, clusterVersion: version, hasUserKeys: false };
    assert.deepEqual(decodeV2Store(bytes), decoded);
  }
});

Deno.test("encodeV2Store() writes the same bytes whatever came first", () => {
  const first = encodeV2Store(membershipOf([VOTER, LEARNER], [2n, 1n], "3.4.0"), 5);
  const second = encodeV2Store(membershipOf([LEARNER, VOTER], [1n, 2n], "3.4.0"), 5);
  assert.equal(textFromBytes(first), textFromBytes(second));
  const other = encodeV2Store(membershipOf([LEARNER, VOTER], [1n, 3n], "3.4.0"), 5);
  assert.notEqual(textFromBytes(first), textFromBytes(other));
});

Deno.test("encodeV2Store() gives every node the path and the form that etcd looks for", () => {
  const bytes = encodeV2Store(membershipOf([LEARNER], [0xfen], "3.4.0"), 9);
  const json = parseJson(textFromBytes(bytes));
  const visited: string[] = [];
  const visit = (value: unknown): void => {
    const { Path, Children, Value, CreatedIndex, ModifiedIndex, ExpireTime } = asNode(value);
    assert.deepEqual([CreatedIndex, ModifiedIndex, ExpireTime], [9, 9, "0001-01-01T00:00:00Z"]);
    visited.push(`${Path}${Children === null ? `=${Value}` : ""}`);
    for (const child of Object.values(Children ?? {})) visit(child);
  };
  const { Root, ...rest } = asNode(json);
  visit(Root);
  assert.deepEqual(rest, { CurrentIndex: 9, CurrentVersion: 2 });
  assert.deepEqual(visited, [
    "/",
    "/0",
    "/0/members",
    "/0/members/1f",
    '/0/members/1f/raftAttributes={"peerURLs":["http://127.0.0.1:23998",' +
    '"http://127.0.0.1:23999"],"isLearner":true}',
    "/0/removed_members",
    "/0/removed_members/fe=",
    "/0/version=3.4.0",
    "/1",
  ]);
});

function asNode(value: unknown): JsonObject {
  assert.ok(isObject(value));
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

Deno.test("decodeV2Store() says what is missing or malformed", () => {
  const member = (name: string, children: string) =>
    `"members":${directory("/0/members", `"${name}":${directory("/0/members/x", children)}`)}`;
  const raftAttributes = (value: string) =>
    member("a", `"raftAttributes":${file("/0/members/a/raftAttributes", value)}`);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /Cannot read the membership in a Raft snapshot: .*JSON/],
    [bytesFromText("null"), /the store is missing/],
    [bytesFromText("{}"), /the store is missing/],
    [bytesFromText('{"Root":{"Children":{}}}'), /\/0 is missing/],
    [realStore(""), /\/0\/members is missing/],
    [realStore(member("xyz", "")), /\/0\/members\/xyz is not named after a member's ID/],
    [realStore(member("a", "")), /\/0\/members\/a\/raftAttributes is missing/],
    [realStore(raftAttributes("{")), /the value of \/0\/members\/a\/raftAttributes/],
    [realStore(raftAttributes("[]")), /raftAttributes: a member's attributes are not a JSON/],
    [realStore(`"members":${directory("/0/members", '"a":7')}`), /members\/a is no directory/],
    [
      realStore(`"members":${directory("/0/members", "")},"version":{"Value":7}`),
      /\/0\/version has no value/,
    ],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => decodeV2Store(bytes), (error) => {
      assert.ok(error instanceof SyntaxError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
