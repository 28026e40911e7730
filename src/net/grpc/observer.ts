import type { Metadata } from "./metadata.ts";
import type { GrpcMethod } from "./method.ts";

/** What came before the messages of a call; the same object serves all calls that begin alike. */
export interface ObservedHead {
  readonly metadata: Metadata;
  /** What an observer made of it and wants to find again. */
  observerMemo?: object | undefined;
}

/**
 * Hears of every call to a registered method; the layer above makes metrics and logs of it. Each
 * `started` is followed by one `handled`, whatever happens to the call.
 */
export interface GrpcObserver {
  started(method: GrpcMethod, head: ObservedHead): void;
  /** One request message; its size without framing and after decompression. */
  received(method: GrpcMethod, sizeBytes: number): void;
  /** One response message; its size without framing and before compression. */
  sent(method: GrpcMethod, sizeBytes: number): void;
  /** `durationMs` is 0 unless `timed`. */
  handled(method: GrpcMethod, code: number, durationMs: number): void;
  /** What the handler of an embedder's service threw; the client only hears of an unknown error. */
  threw?(path: string, error: unknown): void;
  /** Whether durations are wanted: they cost two clock readings for each call. */
  readonly timed: boolean;
}
