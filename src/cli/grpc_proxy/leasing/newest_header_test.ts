import assert from "node:assert/strict";
import { PutResponse, RangeResponse, ResponseHeader } from "../../../pb/etcdserverpb.ts";
import { NewestHeader } from "./newest_header.ts";

/** As large as a header gets. */
function headerAt(revision: number): ResponseHeader {
  return { clusterId: 2n ** 64n - 1n, memberId: 2n ** 64n - 1n, revision, raftTerm: 2 ** 53 - 1 };
}

Deno.test("NewestHeader keeps the header of the highest revision", () => {
  const newest = new NewestHeader();
  assert.equal(newest.header, undefined);
  newest.note(undefined);
  newest.note(headerAt(5));
  newest.note(headerAt(4));
  assert.deepEqual(newest.header, headerAt(5));
});

Deno.test("NewestHeader finds the header in an encoded response", () => {
  const newest = new NewestHeader();
  const header = headerAt(2 ** 53 - 1);
  newest.noteResponse(RangeResponse.encode(RangeResponse.create({ count: 3 })));
  newest.noteResponse(new Uint8Array(0));
  assert.equal(newest.header, undefined);
  newest.noteResponse(PutResponse.encode(PutResponse.create({ header })));
  assert.deepEqual(newest.header, header);
});
