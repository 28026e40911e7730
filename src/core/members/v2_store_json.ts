import { bytesFromText, textFromBytes } from "../../base/bytes.ts";
import { formatJson, type JsonObject, type JsonValue, parseJson } from "../../base/json.ts";
import {
  formatAttributes,
  formatRaftAttributes,
  type MemberAttributes,
  parseAttributes,
  parseRaftAttributes,
} from "./member_attributes.ts";
import { formatId } from "./member_id.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import {
  memberOfV2Name,
  V2_CLUSTER_PATH,
  V2_MEMBERS_PATH,
  V2_REMOVED_MEMBERS_PATH,
  V2_USERS_PATH,
  V2_VERSION_PATH,
} from "./v2_keys.ts";

/** What the v2 store of an etcd says about its cluster. */
export interface V2StoreContents {
  /** By ascending ID. */
  readonly members: readonly Member[];
  /** By ascending ID. */
  readonly removed: readonly bigint[];
  readonly clusterVersion: string | undefined;
  /** Whether users of the v2 API keep keys in it. */
  readonly hasUserKeys: boolean;
}

/** Go's zero time, which says that a node stays for good. */
const NEVER = "0001-01-01T00:00:00Z";
/** The only form of the JSON that there ever was. */
const FORM_VERSION = 2;

/**
 * The membership as etcd up to 3.5 reads it from a Raft snapshot, and 3.6 checks it: a dump of its
 * v2 store. `index` is the store's own count of changes, for which the log's index will do.
 * The parts that etcd makes anew when it reads the dump (statistics, past events) are left out.
 */
export function encodeV2Store(membership: Membership, index: number): Uint8Array {
  const store = new V2Writer(index);
  const members = membership.list().map((member) => store.member(member));
  const removed = membership.removedIds().map((id) =>
    store.file(`${V2_REMOVED_MEMBERS_PATH}/${formatId(id)}`, "")
  );
  const cluster = [store.directory(V2_MEMBERS_PATH, members)];
  if (removed.length > 0) cluster.push(store.directory(V2_REMOVED_MEMBERS_PATH, removed));
  const { clusterVersion } = membership;
  if (clusterVersion !== undefined) cluster.push(store.file(V2_VERSION_PATH, clusterVersion));
  const root = store.directory("/", [
    store.directory(V2_CLUSTER_PATH, cluster),
    store.directory(V2_USERS_PATH, []),
  ]);
  const json = { Root: root.json, CurrentIndex: index, CurrentVersion: FORM_VERSION };
  return bytesFromText(formatJson(json));
}

/** A node and the name that it has in its directory. */
interface V2Node {
  readonly name: string;
  readonly json: JsonObject;
}

/** Makes nodes that all were changed at the same index. */
class V2Writer {
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  file(path: string, value: string): V2Node {
    return this.#node(path, value, null);
  }

  directory(path: string, nodes: readonly V2Node[]): V2Node {
    const children: JsonObject = {};
    for (const { name, json } of nodes) children[name] = json;
    return this.#node(path, "", children);
  }

  member(member: Member): V2Node {
    const path = `${V2_MEMBERS_PATH}/${formatId(member.id)}`;
    const nodes = [this.file(`${path}/raftAttributes`, formatRaftAttributes(member))];
    // A member that has not published itself yet has no attributes at all.
    if (member.name !== "" || member.clientUrls.length > 0) {
      nodes.unshift(this.file(`${path}/attributes`, formatAttributes(member)));
    }
    return this.directory(path, nodes);
  }

  #node(path: string, value: string, children: JsonObject | null): V2Node {
    const json: JsonObject = {
      Path: path,
      CreatedIndex: this.#index,
      ModifiedIndex: this.#index,
      ExpireTime: NEVER,
      Value: value,
      Children: children,
    };
    return { name: path.slice(path.lastIndexOf("/") + 1), json };
  }
}

/**
 * Reads what an etcd has put into a Raft snapshot. Throws a SyntaxError that names what is missing
 * or malformed.
 */
export function decodeV2Store(bytes: Uint8Array): V2StoreContents {
  const root = objectAt(parseText(bytes), "Root", "the store");
  const cluster = childAt(root, "0", V2_CLUSTER_PATH);
  const members = childAt(cluster, "members", V2_MEMBERS_PATH);
  const removed = childrenOf(cluster)["removed_members"];
  const version = childrenOf(cluster)["version"];
  const users = childrenOf(root)["1"];
  return {
    members: decodeMembers(members),
    removed: isObject(removed) ? decodeRemoved(removed) : [],
    clusterVersion: isObject(version) ? valueOf(version, V2_VERSION_PATH) : undefined,
    hasUserKeys: isObject(users) && Object.keys(childrenOf(users)).length > 0,
  };
}

function decodeMembers(directory: JsonObject): Member[] {
  const members = Object.entries(childrenOf(directory)).map(([name, node]) => {
    const path = `${V2_MEMBERS_PATH}/${name}`;
    if (!isObject(node)) throw unreadable(`${path} is no directory`);
    return decodeMember(memberIdOf(name, path), node, path);
  });
  return members.sort((a, b) => compareIds(a.id, b.id));
}

function decodeMember(id: bigint, directory: JsonObject, path: string): Member {
  const raftPath = `${path}/raftAttributes`;
  const raftNode = childAt(directory, "raftAttributes", raftPath);
  const raftAttributes = parseValue(raftNode, raftPath, parseRaftAttributes);
  const node = childrenOf(directory)["attributes"];
  const unpublished: MemberAttributes = { name: "", clientUrls: [] };
  const attributes = isObject(node)
    ? parseValue(node, `${path}/attributes`, parseAttributes)
    : unpublished;
  return { id, ...raftAttributes, ...attributes };
}

function decodeRemoved(directory: JsonObject): bigint[] {
  const names = Object.keys(childrenOf(directory));
  return names.map((name) => memberIdOf(name, `${V2_REMOVED_MEMBERS_PATH}/${name}`))
    .sort(compareIds);
}

function memberIdOf(name: string, path: string): bigint {
  const id = memberOfV2Name(name);
  if (id === undefined) throw unreadable(`${path} is not named after a member's ID`);
  return id;
}

function compareIds(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseText(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(textFromBytes(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable(error.message);
    throw error;
  }
}

function parseValue<T>(node: JsonObject, path: string, parse: (text: string) => T): T {
  try {
    return parse(valueOf(node, path));
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable(`the value of ${path}: ${error.message}`);
    throw error;
  }
}

function valueOf(node: JsonObject, path: string): string {
  const value = node["Value"];
  if (typeof value !== "string") throw unreadable(`${path} has no value`);
  return value;
}

function childAt(directory: JsonObject, name: string, path: string): JsonObject {
  return objectAt(childrenOf(directory), name, path);
}

function objectAt(json: JsonValue, name: string, what: string): JsonObject {
  const value = isObject(json) ? json[name] : undefined;
  if (!isObject(value)) throw unreadable(`${what} is missing`);
  return value;
}

/** None for a file, whose children are null. */
function childrenOf(node: JsonObject): JsonObject {
  const children = node["Children"];
  return isObject(children) ? children : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function unreadable(what: string): SyntaxError {
  return new SyntaxError(`Cannot read the membership in a Raft snapshot: ${what}`);
}
