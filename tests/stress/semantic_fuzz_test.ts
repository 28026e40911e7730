import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Prng } from "../../src/base/prng.ts";
import type { MessageCodec } from "../../src/pb/codec.ts";
import { LeaseTimeToLiveResponse, type ResponseHeader } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";
import { type ExtremeRequest, ExtremeRequests } from "./extreme_requests.ts";
import { FuzzTarget } from "./fuzz_target.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";

const SEED = 3_000_001;
const BATCHES = 100;
const REQUESTS_IN_BATCH = 100;
const COMPARED_SEEDS: readonly number[] = [1, 2, 3];
const COMPARED_REQUESTS = 1_000;

Deno.test("every well-formed request is answered, however extreme it is", async () => {
  const target = await FuzzTarget.start();
  try {
    const prng = new Prng(SEED);
    for (let batch = 0; batch < BATCHES; batch++) {
      const session = await Http2Session.open(target.port);
      // The revisions need not be right here, only near.
      const world = { revision: batch * 20, compactedRevision: batch };
      const requests = new ExtremeRequests(prng, world);
      for (let i = 0; i < REQUESTS_IN_BATCH; i++) send(session, requests.next());
      await session.until("all are answered", () => {
        return [...session.answers.values()].every(isAnswered);
      });
      await session.close();
      if (batch % 10 === 9) await target.check();
    }
  } finally {
    await target.stop();
  }
});

function send(session: Http2Session, { path, bytes }: ExtremeRequest): StreamAnswer {
  return session.request(path, { body: message(bytes), endStream: path !== WATCH_SERVICE.watch.path });
}

/** A watch stream goes on behind its first answer. */
function isAnswered(answer: StreamAnswer): boolean {
  return answer.over || answer.messages.length > 0;
}
