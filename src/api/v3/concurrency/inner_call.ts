import type { Metadata } from "../../../net/grpc/metadata.ts";
import type { RemoteEnd } from "../../../net/remote_end.ts";
import type { EndReason, ServerCall } from "../../../net/grpc/server_call.ts";

/** Hears what the service that was called answers. */
export interface InnerListener {
  /** One response, the listener's to keep. */
  message(bytes: Uint8Array): void;
  /** The call is over: well, or with a status. */
  closed(status: InnerCallFailure | undefined): void;
}

/** How another service refused what was asked of it in a caller's name. */
export class InnerCallFailure extends Error {
  override name = "InnerCallFailure";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A call that one service makes of another in the same process. It shows the metadata and the
 * other end of the call that it is made for, so that whoever checks permissions sees the caller.
 */
export class InnerCall implements ServerCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority: string;
  readonly remote: RemoteEnd;
  /** The caller's deadline ends its own call, and this one with it. */
  readonly deadlineMs = Infinity;
  /** Whether responses come faster than they are taken. */
  congested = false;
  onCancel: ((reason: EndReason) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #listener: InnerListener;
  #finished = false;
  #cancelled = false;

  constructor(path: string, outer: ServerCall, listener: InnerListener) {
    this.path = path;
    this.metadata = outer.metadata;
    this.authority = outer.authority;
    this.remote = outer.remote;
    this.#listener = listener;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get finished(): boolean {
    return this.#finished;
  }

  sendMetadata(): void {}

  respond(bytes: Uint8Array, start: number, end: number): void {
    this.send(bytes, start, end);
    this.end();
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#finished) this.#listener.message(bytes.slice(start, end));
    return !this.congested;
  }

  end(): void {
    this.#finish(undefined);
  }

  fail(code: number, message: string): void {
    this.#finish(new InnerCallFailure(code, message));
  }

  pause(): void {}

  resume(): void {}

  /** Gives the call up; the service hears of it. */
  cancel(): void {
    if (this.#finished) return;
    this.#cancelled = true;
    const { onCancel } = this;
    this.#finish(undefined);
    onCancel?.("cancelled");
  }

  #finish(status: InnerCallFailure | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#listener.closed(status);
  }
}
