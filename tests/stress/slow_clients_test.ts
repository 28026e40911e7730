import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HTTP2_LIMITS } from "../../src/net/limits.ts";
import {
  LeaseKeepAliveRequest,
  WatchCreateRequest,
  WatchRequest,
} from "../../src/pb/etcdserverpb.ts";
import { LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { FuzzTarget } from "./fuzz_target.ts";
import { heldBy, untilOnly } from "./held.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";

const LARGEST_WINDOW_BYTES = 0x7fff_ffff;
const QUESTIONS_AT_A_TIME = 1_000;
/** Long after the server has given what window it gives. */
const SILENCE_MS = 500;

/** Questions that a client may ask without end on one stream. */
const QUESTIONS: Record<string, [path: string, question: Uint8Array]> = {
  "keeps leases alive": [
    LEASE_SERVICE.leaseKeepAlive.path,
    LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id: 7n })),
  ],
  "makes watches": [
    WATCH_SERVICE.watch.path,
    // Each is refused, so that it is the answers that count and not the watches.
    WatchRequest.encode(WatchRequest.create({
      createRequest: WatchCreateRequest.create({ key: "k", startRevision: -1 }),
    })),
  ],
};

let target: FuzzTarget;

Deno.test.beforeAll(async () => {
  target = await FuzzTarget.start();
});

Deno.test.afterAll(async () => {
  await target.stop();
});

for (const [what, [path, question]] of Object.entries(QUESTIONS)) {
  Deno.test(`a client that ${what} is held back until it takes its answers`, async () => {
    const before = await heldBy(target.port);
    const session = await Http2Session.open(target.port, 0);
    const answer = session.request(path, { endStream: false });
    const asked = await askWhileAllowed(session, answer, message(question));
    assert.equal(answer.messages.length, 0);
    session.grant(answer, LARGEST_WINDOW_BYTES);
    await session.until("every question is answered", () => answer.messages.length === asked);
    assert.ok(answer.grantedBytes > 0, "now there may be more questions");
    await session.close();
    await target.check();
    await untilOnly(target.port, before);
  });
}

/** Returns how many questions the server has let the client ask. */
async function askWhileAllowed(
  session: Http2Session,
  answer: StreamAnswer,
  question: Uint8Array,
): Promise<number> {
  const questions = Buffer.concat(Array(QUESTIONS_AT_A_TIME).fill(question));
  const windowBytes = HTTP2_LIMITS.streamWindowBytes;
  let sentBytes = 0;
  for (;;) {
    while (sentBytes + questions.length <= windowBytes + answer.grantedBytes) {
      session.sendData(answer, questions);
      sentBytes += questions.length;
      assert.ok(sentBytes < 4 * windowBytes, "the server holds the client back");
    }
    const grantedBytes = answer.grantedBytes;
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    if (answer.grantedBytes === grantedBytes) return sentBytes / question.length;
  }
}
