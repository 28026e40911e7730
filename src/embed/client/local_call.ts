import type { Clock } from "../../base/clock.ts";
import { Metadata } from "../../net/grpc/metadata.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import type { EndReason, ServerCall } from "../../net/grpc/server_call.ts";
import { canceledError, ClientError, deadlineError } from "./client_error.ts";
import type { CallOptions, StreamListener, StreamOptions } from "./transport.ts";

const NO_METADATA = new Metadata();

/** What goes with a call: "refuse it if you know no leader", and who calls. */
function metadataOf({ requireLeader = false, token }: StreamOptions): Metadata {
  if (!requireLeader && token === undefined) return NO_METADATA;
  const metadata = new Metadata();
  if (requireLeader) metadata.add("hasleader", "true");
  if (token !== undefined) metadata.add("token", token);
  return metadata;
}

/** One call inside the process, as its handler sees it. */
export class LocalCall implements ServerCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly authority = "";
  readonly remote = LOCAL_END;
  deadlineMs = Infinity;
  /** The client takes messages slower than they come. */
  congested = false;
  onCancel: ((reason: EndReason) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #listener: StreamListener;
  readonly #ended: (call: LocalCall) => void;
  readonly #cleanUps: (() => void)[] = [];
  #finished = false;
  #cancelled = false;

  constructor(
    path: string,
    clock: Clock,
    options: StreamOptions,
    listener: StreamListener,
    ended: (call: LocalCall) => void,
  ) {
    this.path = path;
    this.metadata = metadataOf(options);
    this.#clock = clock;
    this.#listener = listener;
    this.#ended = ended;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Ends the call when its signal is aborted or its time is up. */
  limit({ signal, timeoutMs }: CallOptions): void {
    if (timeoutMs !== undefined) {
      this.deadlineMs = this.#clock.monotonicMs() + timeoutMs;
      const timer = this.#clock.setTimer(timeoutMs, () => this.cancel("deadline", deadlineError()));
      this.#cleanUps.push(() => timer.cancel());
    }
    if (signal !== undefined) {
      const abort = () => this.cancel("cancelled", canceledError(signal));
      signal.addEventListener("abort", abort, { once: true });
      this.#cleanUps.push(() => signal.removeEventListener("abort", abort));
      if (signal.aborted) abort();
    }
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
    this.#finish(new ClientError(code, message));
  }

  pause(): void {}

  resume(): void {}

  /** The client gives up: the handler hears of it, and then the client's own side. */
  cancel(reason: EndReason, error: ClientError): void {
    if (this.#finished) return;
    this.#cancelled = true;
    const { onCancel } = this;
    this.#finish(error);
    onCancel?.(reason);
  }

  #finish(error: ClientError | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#ended(this);
    this.#listener.closed(error);
  }
}
