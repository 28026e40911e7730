import { bytesFromText, textFromBytes } from "../../../base/bytes.ts";
import type { GrpcObserver } from "../observer.ts";
import { GrpcServer } from "../server.ts";
import type { MessageListener, ServerCall } from "../server_call.ts";
import { ManualClock } from "../../../base/manual_clock.ts";
import { frameMessage } from "./fake_stream.ts";

export const MAX_RECEIVE_BYTES = 1000;
export const MAX_SEND_BYTES = 2000;
export const UNARY = "/test.Echo/Unary";
export const BIDI = "/test.Echo/Bidi";
export const NO_STATE = { activeCalls: 0, pendingDeadlines: 0, unfinishedBytes: 0 };

/** Remembers what its listener hears. */
class Recorder implements MessageListener {
  readonly messages: string[] = [];
  halfClosedCount = 0;
  call: ServerCall | undefined;

  message(bytes: Uint8Array, start: number, end: number): void {
    this.messages.push(textFromBytes(bytes.slice(start, end)));
  }

  halfClosed(): void {
    this.halfClosedCount++;
  }
}

interface Fixture {
  readonly clock: ManualClock;
  readonly server: GrpcServer;
  readonly recorder: Recorder;
  /** The calls to test.Echo/Hold, which nobody answers. */
  readonly held: ServerCall[];
}

export function newFixture(observer?: GrpcObserver): Fixture {
  const clock = new ManualClock();
  const sizes = { maxReceiveMessageBytes: MAX_RECEIVE_BYTES, maxSendMessageBytes: MAX_SEND_BYTES };
  const server = new GrpcServer(
    observer === undefined ? { clock, ...sizes } : { clock, observer, ...sizes },
  );
  const recorder = new Recorder();
  const held: ServerCall[] = [];
  server.addUnary(UNARY, (call, bytes, start, end) => call.respond(bytes, start, end));
  server.addUnary("/test.Echo/Hold", (call) => held.push(call));
  server.addStream(BIDI, (call) => {
    recorder.call = call;
    return recorder;
  });
  server.addStream("/test.Echo/ServerStream", (call) => {
    recorder.call = call;
    return recorder;
  }, "server_stream");
  return { clock, server, recorder, held };
}

export function message(text: string, flag = 0): Uint8Array {
  return frameMessage(bytesFromText(text), flag);
}
