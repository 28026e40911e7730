import assert from "node:assert/strict";
import { ErrorCode, Flag, FrameType } from "../protocol.ts";
import type { Frame } from "./frames.ts";

/**
 * Watches what a server sends on one connection and fails when it breaks a rule that holds
 * whatever the client did.
 */
export class ResponseRules {
  /** What the client has allowed at most, as far as the test knows; Infinity: it does not. */
  connectionWindowBytes = 65_535;
  largestInitialWindowBytes = 65_535;
  readonly streamWindowBytes = new Map<number, number>();

  readonly #sentBytes = new Map<number, number>();
  readonly #begun = new Set<number>();
  readonly #ended = new Set<number>();
  readonly #reset = new Set<number>();
  #connectionSentBytes = 0;
  #blockStreamId = 0;
  #isOver = false;

  check(frames: readonly Frame[]): void {
    for (const frame of frames) this.#check(frame);
  }

  #check(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    assert.equal(this.#isOver, false, "a frame behind the last GOAWAY");
    assert(payload.length <= 65_536, "a frame that is too long");
    if (this.#blockStreamId !== 0) {
      assert.equal(type, FrameType.CONTINUATION);
      assert.equal(streamId, this.#blockStreamId);
    }
    switch (type) {
      case FrameType.DATA:
        this.#checkOpen(streamId);
        assert(this.#begun.has(streamId), "DATA before HEADERS");
        return this.#checkData(frame);
      case FrameType.HEADERS:
        this.#checkOpen(streamId);
        this.#begun.add(streamId);
        return this.#checkBlock(flags, streamId);
      case FrameType.CONTINUATION:
        return this.#checkBlock(flags & Flag.END_HEADERS, streamId);
      case FrameType.RST_STREAM:
        return this.#checkReset(streamId, payload.readUInt32BE(0));
      case FrameType.GOAWAY:
        this.#isOver = payload.readUInt32BE(4) !== 0;
        return;
      default:
        assert.notEqual(type, FrameType.PUSH_PROMISE);
        assert.notEqual(type, FrameType.PRIORITY);
    }
  }

  #checkOpen(streamId: number): void {
    assert.equal(streamId % 2, 1, "a stream that no client opens");
    assert.equal(this.#ended.has(streamId), false, "a frame behind END_STREAM");
    assert.equal(this.#reset.has(streamId), false, "a frame behind RST_STREAM");
  }

  /** Whoever still sends on a stream that was reset may be told again, but not anything else. */
  #checkReset(streamId: number, errorCode: number): void {
    if (this.#reset.has(streamId)) assert.equal(errorCode, ErrorCode.STREAM_CLOSED);
    this.#reset.add(streamId);
  }

  #checkBlock(flags: number, streamId: number): void {
    this.#blockStreamId = (flags & Flag.END_HEADERS) !== 0 ? 0 : streamId;
    if ((flags & Flag.END_STREAM) !== 0) this.#ended.add(streamId);
  }

  #checkData({ flags, streamId, payload }: Frame): void {
    const sentBytes = (this.#sentBytes.get(streamId) ?? 0) + payload.length;
    const windowBytes = this.largestInitialWindowBytes +
      (this.streamWindowBytes.get(streamId) ?? 0);
    this.#sentBytes.set(streamId, sentBytes);
    this.#connectionSentBytes += payload.length;
    assert(sentBytes <= windowBytes, "more than the stream's window");
    assert(
      this.#connectionSentBytes <= this.connectionWindowBytes,
      "more than the connection's window",
    );
    if ((flags & Flag.END_STREAM) !== 0) this.#ended.add(streamId);
  }
}
