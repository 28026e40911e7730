import type { Clock, Timer } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { type CallReceiver, InProcessCall } from "../../../net/grpc/in_process_call.ts";
import { Metadata } from "../../../net/grpc/metadata.ts";
import type { EndReason } from "../../../net/grpc/server_call.ts";
import { LOCAL_END } from "../../../net/remote_end.ts";
import { canceledError, ClientError, deadlineError } from "../client_error.ts";
import type { CallOptions, StreamOptions } from "./transport.ts";

const NO_METADATA = new Metadata();

/** What goes with a call: "refuse it if you know no leader", and who calls. */
function metadataOf({ requireLeader = false, token }: StreamOptions): Metadata {
  if (!requireLeader && token === undefined) return NO_METADATA;
  const metadata = new Metadata();
  if (requireLeader) metadata.add("hasleader", "true");
  if (token !== undefined) metadata.add("token", token);
  return metadata;
}

/** The client's side of one call inside the process, which it may give up. */
export abstract class LocalCall implements CallReceiver {
  /** The call as its handler sees it. */
  readonly call: InProcessCall;
  readonly #clock: Clock;
  readonly #open: Set<LocalCall>;
  #givenUp: ClientError | undefined;
  #timer: Timer | undefined;
  #signal: AbortSignal | undefined;
  #abort: (() => void) | undefined;

  /** The call is one of `open` until it is over. */
  constructor(path: string, clock: Clock, options: CallOptions, open: Set<LocalCall>) {
    const { timeoutMs } = options;
    const deadlineMs = timeoutMs === undefined ? Infinity : clock.monotonicMs() + timeoutMs;
    const head = { path, metadata: metadataOf(options), authority: "", remote: LOCAL_END };
    this.call = new InProcessCall(head, deadlineMs, this);
    this.#clock = clock;
    this.#open = open;
    open.add(this);
  }

  abstract message(bytes: Uint8Array, start: number, end: number): boolean;

  /** The call is over. */
  protected abstract closed(error: ClientError | undefined): void;

  /** Ends the call when its signal is aborted or its time is up. */
  limit({ signal, timeoutMs }: CallOptions): void {
    if (timeoutMs !== undefined) {
      this.#timer = this.#clock.setTimer(timeoutMs, () => this.giveUp(deadlineError(), "deadline"));
    }
    if (signal === undefined) return;
    const abort = () => this.giveUp(canceledError(signal));
    signal.addEventListener("abort", abort, { once: true });
    this.#signal = signal;
    this.#abort = abort;
    if (signal.aborted) abort();
  }

  /** The client's own side hears of it, and then the handler. */
  giveUp(error: ClientError, reason: EndReason = "cancelled"): void {
    this.#givenUp = error;
    this.call.cancel(reason, error.code, error.message);
  }

  ended(code: number, message: string): void {
    this.#timer?.cancel();
    if (this.#abort !== undefined) this.#signal?.removeEventListener("abort", this.#abort);
    this.#open.delete(this);
    this.closed(
      this.#givenUp ?? (code === GrpcCode.OK ? undefined : new ClientError(code, message)),
    );
  }
}
