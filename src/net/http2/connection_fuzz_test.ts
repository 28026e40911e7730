import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import type { Http2Limits } from "../limits.ts";
import { ErrorCode, Flag, FrameType, SettingId } from "./protocol.ts";
import {
  block,
  data,
  frame,
  goAway,
  ping,
  PREFACE,
  REQUEST,
  reset,
  settings,
  windowUpdate,
} from "./testing/frames.ts";
import { RawClient, type RecordedRequest } from "./testing/raw_client.ts";
import { ResponseRules } from "./testing/response_rules.ts";

const INPUT_COUNT = 30_000;
const FIRST_SEED = 1;

const OK: readonly string[] = [":status", "200", "content-type", "application/grpc"];
const TRAILERS: readonly string[] = ["grpc-status", "0"];
const PAYLOAD = Buffer.alloc(10_000, "payload");
const REQUEST_BLOCK = block(...REQUEST);
const PREFIX = Buffer.from([0, 0, 0, 0, 9]);
const RANDOM_BLOCKS: readonly Buffer[] = [
  REQUEST,
  [...REQUEST, "content-length", "5"],
  [":method", "GET", ":scheme", "http", ":path", "/health"],
  ["x-trailer", "1"],
  [":method", "GET"],
  [...REQUEST, "Bad-Name", "x"],
  [...REQUEST, "x-large", "y".repeat(3_000)],
].map((fields) => block(...fields));

const FIRST_WINDOW_BYTES = 2_000;
const GREETING = Buffer.concat([
  PREFACE,
  settings([SettingId.INITIAL_WINDOW_SIZE, FIRST_WINDOW_BYTES]),
]);

/** Low bounds, so that random input gets at them. */
const LIMITS: Partial<Http2Limits> = {
  maxHeaderListBytes: 2_000,
  maxHeaderBlockBytes: 4_000,
  maxContinuationFrames: 4,
  maxStreams: 5,
  streamWindowBytes: 3_000,
  connectionWindowBytes: 70_000,
  outputMarkBytes: 4_000,
  readPauseBytes: 8_000,
  streamHighMarkBytes: 5_000,
  streamLowMarkBytes: 1_000,
  maxBufferedConnectionBytes: 50_000,
  maxResetsPerWindow: 8,
  maxSettingsPerWindow: 8,
  maxEmptyFramesPerWindow: 5,
  maxControlFramesPerWindow: 20,
  rememberedResets: 3,
};

/** One random conversation: a client, a server's application and a network without manners. */
class Conversation {
  readonly #prng: Prng;
  readonly #client: RawClient;
  readonly #rules = new ResponseRules();
  #nextStreamId = 1;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.#client = new RawClient({ handshake: false, limits: LIMITS });
    this.#client.onStream = (request) => this.#serve(request);
    this.#rules.largestInitialWindowBytes = FIRST_WINDOW_BYTES;
  }

  async run(): Promise<void> {
    const prng = this.#prng;
    const client = this.#client;
    this.#deliver(prng.chance(0.97) ? GREETING : Buffer.from(prng.bytes(30)));
    const stepCount = prng.between(1, 25);
    for (let step = 0; step < stepCount && client.closeCount === 0; step++) {
      this.#step();
      if (prng.chance(0.2)) await client.turn();
      this.#rules.check(client.frames());
      assert(client.context.budget.totalBytes <= 60_000, "buffers beyond its bounds");
    }
    this.#checkTheEnd();
    await client.turn();
  }

  #step(): void {
    const prng = this.#prng;
    const client = this.#client;
    switch (prng.between(0, 19)) {
      case 0:
        client.socket.stuck = prng.chance(0.5);
        return;
      case 1:
        client.clock.advance(prng.between(0, 8_000));
        return;
      case 2:
        for (const request of client.requests) if (prng.chance(0.5)) this.#act(request);
        return;
      case 3:
        if (prng.chance(0.1)) client.connection.goAway();
        return;
      case 4:
        if (prng.chance(0.1)) client.socket.emit(prng.pick(["end", "close"]));
        return;
      default: {
        const frames: Buffer[] = [];
        for (let i = prng.between(1, 4); i > 0; i--) frames.push(this.#frame());
        this.#deliver(Buffer.concat(frames));
      }
    }
  }

  /** Cuts into chunks, and now and then changes something on the way. */
  #deliver(bytes: Buffer): void {
    const prng = this.#prng;
    if (prng.chance(0.1)) bytes = this.#mutate(bytes);
    while (bytes.length > 0) {
      const size = prng.chance(0.7) ? bytes.length : prng.between(1, bytes.length);
      this.#client.socket.emitData(bytes.subarray(0, size));
      bytes = bytes.subarray(size);
    }
  }

  #mutate(bytes: Buffer): Buffer {
    const prng = this.#prng;
    // What the client allows is not known any more.
    this.#rules.connectionWindowBytes = Infinity;
    this.#rules.largestInitialWindowBytes = Infinity;
    const mutated = Buffer.from(bytes);
    for (let i = prng.between(1, 4); i > 0; i--) {
      mutated[prng.between(0, bytes.length - 1)] = prng.between(0, 255);
    }
    const cut = prng.between(0, bytes.length);
    if (prng.chance(0.2)) return Buffer.concat([mutated.subarray(0, cut), prng.bytes(5), mutated]);
    return prng.chance(0.2) ? mutated.subarray(0, cut) : mutated;
  }

  #frame(): Buffer {
    const prng = this.#prng;
    const streamId = this.#streamId();
    switch (prng.between(0, 15)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#openStream();
      case 4:
      case 5:
      case 6:
        return data(streamId, PAYLOAD.subarray(0, prng.between(0, 1_200)), prng.chance(0.5));
      case 7:
        return this.#windowUpdate(streamId);
      case 8:
        return this.#settings();
      case 9:
        return reset(streamId, prng.between(0, 15));
      case 10:
        return prng.chance(0.8) ? ping() : ping("detcd-go", Flag.ACK);
      case 11:
        return frame(FrameType.HEADERS, prng.between(0, 255), streamId, prng.pick(RANDOM_BLOCKS));
      case 12:
        return frame(FrameType.CONTINUATION, prng.between(0, 255), streamId, REQUEST_BLOCK);
      case 13:
        return frame(
          prng.between(0, 12),
          prng.between(0, 255),
          streamId,
          prng.bytes(prng.between(0, 40)),
        );
      case 14:
        return frame(FrameType.DATA, Flag.PADDED, streamId, prng.bytes(prng.between(1, 300)));
      default:
        return prng.chance(0.1) ? goAway(streamId, 0) : this.#splitRequest();
    }
  }

  #openStream(): Buffer {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const flags = this.#prng.chance(0.5) ? Flag.END_HEADERS : Flag.END_HEADERS | Flag.END_STREAM;
    const fields = this.#prng.chance(0.8) ? REQUEST_BLOCK : this.#prng.pick(RANDOM_BLOCKS);
    return frame(FrameType.HEADERS, flags, streamId, fields);
  }

  #splitRequest(): Buffer {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const cut = this.#prng.between(0, REQUEST_BLOCK.length);
    return Buffer.concat([
      frame(FrameType.HEADERS, Flag.END_STREAM, streamId, REQUEST_BLOCK.subarray(0, cut)),
      frame(FrameType.CONTINUATION, Flag.END_HEADERS, streamId, REQUEST_BLOCK.subarray(cut)),
    ]);
  }

  #windowUpdate(streamId: number): Buffer {
    const prng = this.#prng;
    const increment = prng.chance(0.05) ? 0x7fff_ffff : prng.between(0, 50_000);
    if (prng.chance(0.5)) {
      this.#rules.connectionWindowBytes += increment;
      return windowUpdate(0, increment);
    }
    const windows = this.#rules.streamWindowBytes;
    windows.set(streamId, (windows.get(streamId) ?? 0) + increment);
    return windowUpdate(streamId, increment);
  }

  #settings(): Buffer {
    const prng = this.#prng;
    const initialWindowBytes = prng.between(0, 8_000);
    const rules = this.#rules;
    rules.largestInitialWindowBytes = Math.max(rules.largestInitialWindowBytes, initialWindowBytes);
    return settings(
      [SettingId.INITIAL_WINDOW_SIZE, initialWindowBytes],
      [SettingId.HEADER_TABLE_SIZE, prng.between(0, 5_000)],
      [SettingId.MAX_FRAME_SIZE, prng.between(16_384, 60_000)],
    );
  }

  #streamId(): number {
    const prng = this.#prng;
    if (prng.chance(0.03)) return prng.between(0, 20);
    return Math.max(1, this.#nextStreamId - 2 * prng.between(1, 4));
  }

  /** What the application does when a request comes: at once, later or in some callback. */
  #serve(request: RecordedRequest): void {
    const prng = this.#prng;
    const act = (): void => this.#act(request);
    if (prng.chance(0.3)) act();
    if (prng.chance(0.3)) request.onData = act;
    if (prng.chance(0.5)) request.onEnd = act;
    if (prng.chance(0.5)) request.onDrained = act;
  }

  #act(request: RecordedRequest): void {
    const { stream } = request;
    const prng = this.#prng;
    if (stream.finished) return;
    switch (prng.between(0, 6)) {
      case 0:
        return stream.reset(ErrorCode.CANCEL);
      case 1:
        return prng.chance(0.5) ? stream.pause() : stream.resume();
      case 2:
        if (stream.bufferedBytes > 0) return;
        stream.sendHeaders(OK, false);
        return stream.sendData(PAYLOAD, 0, prng.between(0, 9_000), prng.chance(0.3), PREFIX);
      case 3:
        if (stream.bufferedBytes === 0) stream.sendHeaders(OK, true);
        return;
      case 4:
        if (prng.chance(0.05)) this.#client.connection.destroy();
        return;
      default:
        if (stream.bufferedBytes > 0) return stream.sendHeaders(TRAILERS, true);
        return stream.sendResponse(OK, PAYLOAD, 0, prng.between(0, 2_000), TRAILERS, PREFIX);
    }
  }

  #checkTheEnd(): void {
    const client = this.#client;
    client.socket.stuck = false;
    this.#rules.check(client.frames());
    client.hangUp();
    assert.equal(client.closeCount, 1);
    assert.equal(client.connection.streamCount, 0);
    assert.equal(client.context.budget.totalBytes, 0);
    assert.equal(client.clock.timerCount, 0);
    assert(client.context.pool.pooledBytes > 0, "buffers come back");
    for (const request of client.requests) assert(request.closedCount <= 1);
  }
}

Deno.test(`Http2Connection survives ${INPUT_COUNT} random conversations`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + INPUT_COUNT; seed++) {
    try {
      await new Conversation(seed).run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
