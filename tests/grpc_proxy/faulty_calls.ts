import { GrpcCode } from "../../src/base/grpc_code.ts";
import type { Prng } from "../../src/base/prng.ts";
import type {
  Caller,
  ServerCalls,
  UpstreamListener,
  UpstreamStream,
} from "../../src/cli/grpc_proxy/upstream.ts";
import { ClientError } from "../../src/embed/client/client_error.ts";

/** Each fault happens to so many of the requests for keys. */
const FAULT_SHARE = 0.04;
const LATENCY_MS = 4;
/** A request that its sender has given up takes place at most so much later. */
const LATE_MS = 400;
const STREAM_LIFE_MS = 1_500;

/**
 * A network that loses requests and answers, delivers requests when their sender has given them up
 * long ago, lets answers overtake each other, and breaks streams.
 */
export class FaultyCalls implements ServerCalls {
  readonly #calls: ServerCalls;
  readonly #prng: Prng;
  readonly #late = new Set<Promise<unknown>>();
  #isFaulty = true;

  constructor(calls: ServerCalls, prng: Prng) {
    this.#calls = calls;
    this.#prng = prng;
  }

  /** Nothing goes wrong any more; resolves when what was late has arrived. */
  async heal(): Promise<void> {
    this.#isFaulty = false;
    await Promise.all(this.#late);
  }

  async unary(
    path: string,
    request: Uint8Array,
    caller: Caller | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const ask = () => this.#calls.unary(path, request, caller, timeoutMs, signal);
    if (!this.#isFaulty || !path.startsWith("/etcdserverpb.KV/")) return await ask();
    await this.#pause(LATENCY_MS);
    const fault = this.#prng.fraction();
    if (fault < FAULT_SHARE) throw lost("the request was lost");
    if (fault < 2 * FAULT_SHARE) {
      const late = this.#pause(LATE_MS).then(() => this.#calls.unary(path, request, caller, 5_000))
        .catch(() => {}).finally(() => this.#late.delete(late));
      this.#late.add(late);
      throw lost("the request is late");
    }
    const answer = await ask();
    await this.#pause(LATENCY_MS);
    if (fault < 3 * FAULT_SHARE) throw lost("the answer was lost");
    return answer;
  }

  stream(path: string, caller: Caller | undefined, listener: UpstreamListener): UpstreamStream {
    const timer = setTimeout(() => {
      if (this.#isFaulty) stream.break();
    }, STREAM_LIFE_MS * this.#prng.fraction());
    const stream = new BreakableStream(this.#calls, path, caller, listener, () => {
      clearTimeout(timer);
    });
    return stream;
  }

  #pause(mostMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, mostMs * this.#prng.fraction()));
  }
}

function lost(details: string): ClientError {
  return new ClientError(GrpcCode.Unavailable, details);
}

/** A stream that a test can break. */
export class BreakableStream implements UpstreamStream {
  readonly #stream: UpstreamStream;
  readonly #listener: UpstreamListener;
  readonly #ended: () => void;
  #isOver = false;

  /** `ended` is called once, whatever ends the stream. */
  constructor(
    calls: ServerCalls,
    path: string,
    caller: Caller | undefined,
    listener: UpstreamListener,
    ended: () => void,
  ) {
    this.#listener = listener;
    this.#ended = ended;
    this.#stream = calls.stream(path, caller, {
      message: (bytes) => {
        if (!this.#isOver) listener.message(bytes);
      },
      closed: (code, details) => this.#close(code, details),
    });
  }

  break(): void {
    this.#close(GrpcCode.Unavailable, "the stream broke");
    this.#stream.cancel();
  }

  send(bytes: Uint8Array): boolean {
    return this.#stream.send(bytes);
  }

  halfClose(): void {
    this.#stream.halfClose();
  }

  cancel(): void {
    this.#stream.cancel();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #close(code: number, details: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended();
    this.#listener.closed(code, details);
  }
}
