import assert from "node:assert/strict";
import { bytesFromText, EMPTY_BYTES, textFromBytes } from "../../base/bytes.ts";
import { CompatVersion } from "../../core/members/compat_version.ts";
import { Membership } from "../../core/members/membership.ts";
import { encodeV2Store } from "../../core/members/v2_store_json.ts";
import { isSnapshotReadable } from "./snapshot_form.ts";

/** The lines of etcd that start from a snapshot with this data. */
function readersOf(data: Uint8Array | undefined): string {
  const lines = CompatVersion.lines().filter((line) => {
    const version = CompatVersion.of(line);
    return version !== undefined && isSnapshotReadable(data, version);
  });
  return lines.join(" ");
}

function storeOf(clusterVersion: string | undefined): Uint8Array {
  const membership = new Membership(1n);
  membership.restore([], [], clusterVersion);
  return encodeV2Store(membership, 1);
}

Deno.test("isSnapshotReadable() spares etcd a cluster version above its own", () => {
  assert.equal(readersOf(storeOf(undefined)), "3.4 3.5 3.6 3.7");
  assert.equal(readersOf(storeOf("3.4.0")), "3.4 3.5 3.6 3.7");
  assert.equal(readersOf(storeOf("3.5.0")), "3.5 3.6 3.7");
  // From 3.6 on the version in the B-tree file counts.
  assert.equal(readersOf(storeOf("3.7.0")), "3.6 3.7");
});

Deno.test("isSnapshotReadable() knows which etcd refuses keys of the v2 API", () => {
  const empty = textFromBytes(storeOf("3.4.0"));
  const users = /("Path":"\/1".*?"Children":)\{\}/;
  assert.match(empty, users);
  const data = bytesFromText(empty.replace(users, '$1{"a":{"Path":"/1/a","Value":"x"}}'));
  assert.equal(readersOf(data), "3.4 3.5 3.7");
});

Deno.test("isSnapshotReadable() knows which etcd needs the members in it", () => {
  assert.equal(readersOf(undefined), "3.7");
  assert.equal(readersOf(EMPTY_BYTES), "3.7");
  assert.equal(readersOf(bytesFromText("{}")), "3.7");
});
