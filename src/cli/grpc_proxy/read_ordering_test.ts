import assert from "node:assert/strict";
import { RangeResponse, ResponseHeader } from "../../pb/etcdserverpb.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";
import { ReadOrdering } from "./read_ordering.ts";

function answerAt(revision: number): Uint8Array {
  return RangeResponse.encode(
    RangeResponse.create({ header: ResponseHeader.create({ revision }) }),
  );
}

function revisionOf(bytes: Uint8Array): number | undefined {
  return RangeResponse.decode(bytes).header?.revision;
}

Deno.test("ReadOrdering asks again until a server is as far as one was before", async () => {
  const ordering = new ReadOrdering(() => 2);
  assert.equal(revisionOf(await ordering.read(() => Promise.resolve(answerAt(7)))), 7);
  const answers = [5, 6, 8];
  const read = await ordering.read(() => Promise.resolve(answerAt(answers.shift() ?? 0)));
  assert.equal(revisionOf(read), 8);
  assert.deepEqual(answers, []);
});

Deno.test("ReadOrdering gives up when all servers stay behind", async () => {
  const ordering = new ReadOrdering(() => 2);
  await ordering.read(() => Promise.resolve(answerAt(7)));
  let count = 0;
  const behind = () => {
    count++;
    return Promise.resolve(answerAt(6));
  };
  await assert.rejects(ordering.read(behind), /no cluster members have a revision higher/);
  assert.equal(count, 2 * GRPC_PROXY_LIMITS.orderedReadsPerEndpoint);
});
