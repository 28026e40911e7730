import assert from "node:assert/strict";
import type { WorkMeter } from "../../base/work_meter.ts";
import type { Http2Limits } from "../limits.ts";
import { bareRequest } from "./testing/frames.ts";
import { RawClient, type RecordedRequest } from "./testing/raw_client.ts";

const OK: readonly string[] = [":status", "200"];

/** Requests in the one chunk that the client sends, and how many of them are let in at once. */
const REQUEST_COUNT = 20;
const MOST_WAITING = 8;

/** What each request leaves for later, and the bounds that allow MOST_WAITING of them. */
interface Flood {
  readonly what: string;
  readonly limits: Partial<Http2Limits>;
  readonly pieceCount: number;
  readonly sizeBytes: number;
}

const FLOODS: readonly Flood[] = [
  { what: "requests", limits: { maxUnfinishedPieces: 8 }, pieceCount: 1, sizeBytes: 1 },
  { what: "pieces", limits: { maxUnfinishedPieces: 80 }, pieceCount: 10, sizeBytes: 1 },
  { what: "bytes", limits: { maxUnfinishedBytes: 8_000 }, pieceCount: 1, sizeBytes: 1_000 },
];

/** A client that sends requests without waiting, to a server that answers when the test wants. */
class Flooder {
  readonly client: RawClient;
  readonly waiting: RecordedRequest[] = [];
  readonly #flood: Flood;

  constructor(flood: Flood) {
    this.#flood = flood;
    this.client = new RawClient({ limits: flood.limits });
    this.client.onStream = (request) => {
      meterOf(request).began(flood.pieceCount, flood.sizeBytes);
      this.waiting.push(request);
    };
  }

  sendChunk(): void {
    const ids = Array.from({ length: REQUEST_COUNT }, (_, i) => 2 * i + 1);
    this.client.send(...ids.map(bareRequest));
  }

  answerOldest(): void {
    const request = this.waiting.shift();
    assert(request !== undefined, "a request waits");
    meterOf(request).ended(this.#flood.pieceCount, this.#flood.sizeBytes);
    request.stream.sendHeaders(OK, true);
  }
}

function meterOf({ stream }: RecordedRequest): WorkMeter {
  const { work } = stream.remote;
  assert(work !== undefined, "a connection counts the work of its requests");
  return work;
}

for (const flood of FLOODS) {
  Deno.test(`Http2Connection reads no further while too many ${flood.what} are unfinished`, () => {
    const flooder = new Flooder(flood);
    const { client, waiting } = flooder;
    flooder.sendChunk();
    // The rest of the chunk is left alone, although it has come.
    assert.equal(waiting.length, MOST_WAITING);
    assert.equal(client.socket.paused, true);
    flooder.answerOldest();
    client.clock.advance(0);
    assert.equal(waiting.length, MOST_WAITING - 1);
    flooder.answerOldest();
    flooder.answerOldest();
    // Now there is room, but others have their turn first.
    assert.equal(waiting.length, MOST_WAITING - 3);
    assert.equal(client.socket.paused, true);
    client.clock.advance(0);
    assert.equal(waiting.length, MOST_WAITING);
  });

  Deno.test(`Http2Connection reads all in the end when too many ${flood.what} were unfinished`, () => {
    const flooder = new Flooder(flood);
    const { client, waiting } = flooder;
    flooder.sendChunk();
    for (let answered = 1; waiting.length > 0; answered++) {
      flooder.answerOldest();
      client.clock.advance(0);
      assert(waiting.length <= MOST_WAITING);
      assert.equal(client.requests.length === REQUEST_COUNT, answered + waiting.length === 20);
    }
    assert.equal(client.requests.length, REQUEST_COUNT);
    assert.equal(client.socket.paused, false);
    assert.equal(client.connection.streamCount, 0);
  });
}

Deno.test("Http2Connection leaves the rest of a chunk for the next turn when one is over", () => {
  const client = new RawClient();
  const readTurnMs = 4;
  client.onStream = ({ stream }) => {
    client.clock.advance(readTurnMs / 2);
    stream.sendHeaders(OK, true);
  };
  client.send(...Array.from({ length: REQUEST_COUNT }, (_, i) => bareRequest(2 * i + 1)));
  const first = client.requests.length;
  assert(first < REQUEST_COUNT, "something is left");
  assert.equal(client.socket.paused, true);
  client.clock.advance(0);
  assert(client.requests.length > first, "it goes on in the next turn");
  client.clock.advance(REQUEST_COUNT * readTurnMs);
  assert.equal(client.requests.length, REQUEST_COUNT);
  assert.equal(client.socket.paused, false);
});
