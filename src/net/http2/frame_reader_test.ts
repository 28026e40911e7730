import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Prng } from "../../base/prng.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { frame, PREFACE } from "./testing/frames.ts";

class RecordingSink implements FrameSink {
  readonly frames: string[] = [];
  problems: string[] = [];
  pausesBehindEach = false;
  onFrame: (() => void) | undefined;
  onProblem: (() => void) | undefined;

  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.frames.push(`${type} ${flags} ${streamId} ${bytes.toString("hex", start, end)}`);
    this.onFrame?.();
  }

  badPreface(): void {
    this.problems.push("bad preface");
    this.onProblem?.();
  }

  mustPause(): boolean {
    return this.pausesBehindEach;
  }

  frameTooLong(): void {
    this.problems.push("frame too long");
    this.onProblem?.();
  }
}

function newReader(): { sink: RecordingSink; reader: FrameReader } {
  const sink = new RecordingSink();
  const reader = new FrameReader(sink, 16_384);
  sink.onProblem = () => reader.stop();
  return { sink, reader };
}

const INPUT = Buffer.concat([
  PREFACE,
  frame(4, 0, 0, ""),
  frame(1, 4, 1, "abc"),
  frame(0, 1, 0x7fff_ffff, "x".repeat(300)),
  frame(9, 0, 3, "y"),
]);
const FRAMES = ["4 0 0 ", "1 4 1 616263", `0 1 2147483647 ${"78".repeat(300)}`, "9 0 3 79"];

Deno.test("FrameReader cuts the same frames wherever the chunks are cut once", () => {
  for (let cut = 0; cut <= INPUT.length; cut++) {
    const { sink, reader } = newReader();
    reader.read(INPUT.subarray(0, cut));
    reader.read(INPUT.subarray(cut));
    assert.deepEqual(sink.frames, FRAMES, `cut at ${cut}`);
  }
});

Deno.test("FrameReader cuts the same frames from single bytes and from random chunks", () => {
  const seed = 20_261_123;
  const prng = new Prng(seed);
  for (let round = 0; round < 200; round++) {
    const { sink, reader } = newReader();
    for (let position = 0; position < INPUT.length;) {
      const end = round === 0 ? position + 1 : position + prng.between(1, 40);
      reader.read(INPUT.subarray(position, end));
      position = end;
    }
    assert.deepEqual(sink.frames, FRAMES, `seed ${seed}, round ${round}`);
  }
});

Deno.test("FrameReader drops the reserved bit of a stream id", () => {
  const { sink, reader } = newReader();
  reader.read(Buffer.concat([PREFACE, frame(0, 0, 0x8000_0003, "a")]));
  assert.deepEqual(sink.frames, ["0 0 3 61"]);
});

Deno.test("FrameReader reports a bad preface at the first wrong byte", () => {
  const { sink, reader } = newReader();
  reader.read(Buffer.from(PREFACE.subarray(0, 5)));
  assert.deepEqual(sink.problems, []);
  reader.read(Buffer.from("!"));
  reader.read(INPUT);
  assert.deepEqual(sink.problems, ["bad preface"]);
  assert.deepEqual(sink.frames, []);
});

Deno.test("FrameReader reports a long frame as soon as its header is there", () => {
  const long = frame(0, 0, 1, Buffer.alloc(16_385));
  for (const chunks of [[long], [long.subarray(0, 9)], [long.subarray(0, 4), long.subarray(4)]]) {
    const { sink, reader } = newReader();
    reader.read(Buffer.from(PREFACE));
    for (const chunk of chunks) reader.read(chunk);
    assert.deepEqual(sink.problems, ["frame too long"]);
    assert.deepEqual(sink.frames, []);
  }
});

Deno.test("FrameReader takes a frame of exactly the largest size", () => {
  const { sink, reader } = newReader();
  const largest = frame(0, 0, 1, Buffer.alloc(16_384));
  reader.read(Buffer.concat([PREFACE, largest.subarray(0, 100)]));
  reader.read(largest.subarray(100));
  assert.equal(sink.frames.length, 1);
});

Deno.test("FrameReader emits nothing more once it is stopped within a frame", () => {
  const { sink, reader } = newReader();
  sink.onFrame = () => reader.stop();
  reader.read(INPUT);
  reader.read(frame(1, 4, 5, "abc"));
  assert.deepEqual(sink.frames, FRAMES.slice(0, 1));
});

Deno.test("FrameReader leaves frames for later when it must pause, and loses none", () => {
  const { sink, reader } = newReader();
  sink.pausesBehindEach = true;
  reader.read(INPUT.subarray(0, INPUT.length - 1));
  assert.deepEqual(sink.frames, FRAMES.slice(0, 1));
  reader.read(INPUT.subarray(INPUT.length - 1));
  for (let count = 2; count <= FRAMES.length; count++) {
    assert.equal(reader.isPaused, true);
    reader.readOn();
    assert.deepEqual(sink.frames, FRAMES.slice(0, count));
  }
  assert.equal(reader.isPaused, false);
});
