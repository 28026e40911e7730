import { GrpcCode } from "../../../base/grpc_code.ts";
import { SnapshotRequest, SnapshotResponse } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { asClientError, canceledError, ClientError, deadlineError } from "../client_error.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type { ClientSession } from "../client_session.ts";
import type { CallOptions, TransportStream } from "../transport/transport.ts";

/** The messages of one Snapshot call, kept for a reader that may be slower than the server. */
export class SnapshotFeed {
  readonly #stream: TransportStream;
  readonly #queue: SnapshotResponse[] = [];
  readonly #cleanUps: (() => void)[] = [];
  #queuedBytes = 0;
  #isPaused = false;
  #isOver = false;
  #error: ClientError | undefined;
  #wake: () => void = () => {};

  constructor({ transport, clock }: ClientSession, options: CallOptions) {
    this.#stream = transport.stream(MAINTENANCE_SERVICE.snapshot.path, {
      message: (bytes) => this.#message(bytes),
      closed: (error) => this.#end(error === undefined ? undefined : asClientError(error)),
    }, { requireLeader: options.requireLeader ?? false });
    this.#limit(clock, options);
    this.#stream.send(SnapshotRequest.encode(SnapshotRequest.create()));
    this.#stream.halfClose();
  }

  /**
   * The next message, or undefined at the end. Rejects with a ClientError when the call failed. Not
   * to be called before the call before has settled.
   */
  async next(): Promise<SnapshotResponse | undefined> {
    while (this.#queue.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const response = this.#queue.shift();
    if (response !== undefined) {
      this.#queuedBytes -= response.blob.length;
      this.#resumeIfDrained();
      return response;
    }
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }

  /** Gives the call up and drops what has come; harmless once it is over. */
  cancel(error: ClientError = canceledError()): void {
    this.#queue.length = 0;
    this.#end(error);
    this.#stream.cancel();
  }

  #limit(clock: ClientSession["clock"], { signal, timeoutMs }: CallOptions): void {
    if (this.#isOver) return;
    if (timeoutMs !== undefined) {
      const timer = clock.setTimer(timeoutMs, () => this.cancel(deadlineError()));
      this.#cleanUps.push(() => timer.cancel());
    }
    if (signal === undefined) return;
    const abort = () => this.cancel(canceledError(signal));
    signal.addEventListener("abort", abort, { once: true });
    this.#cleanUps.push(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  }

  #message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#push(SnapshotResponse.decode(bytes));
    } catch (cause) {
      const message = "Cannot read a snapshot response: it is malformed";
      this.cancel(new ClientError(GrpcCode.Internal, message, { cause }));
    }
  }

  #push(response: SnapshotResponse): void {
    this.#queue.push(response);
    this.#queuedBytes += response.blob.length;
    if (!this.#isPaused && this.#queuedBytes >= CLIENT_LIMITS.snapshotQueueBytes) {
      this.#isPaused = true;
      this.#stream.pause();
    }
    this.#wake();
  }

  #resumeIfDrained(): void {
    if (!this.#isPaused || this.#queuedBytes > CLIENT_LIMITS.snapshotQueueBytes / 2) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  #end(error: ClientError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#wake();
  }
}
