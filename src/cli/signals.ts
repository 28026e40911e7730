import { type Clock, systemClock } from "../base/clock.ts";

/** A signal that asks the server to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGBREAK";

/** Windows knows no SIGTERM and has SIGBREAK instead. */
export const STOP_SIGNALS: readonly StopSignal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGBREAK: 21 } as const;

/**
 * The exit code by which a shell sees that a signal ended the process. The first process of a
 * container is nobody's child in it, and ends well.
 */
export function exitCodeOf(signal: StopSignal, processId: number): number {
  return processId === 1 ? 0 : 128 + SIGNAL_NUMBERS[signal];
}

/** Where signals come from. */
export interface SignalSource {
  listen(signal: StopSignal, receive: () => void): void;
  unlisten(signal: StopSignal, receive: () => void): void;
}

/** The process's own signals. */
export const processSignals: SignalSource = {
  listen: (signal, receive) => Deno.addSignalListener(signal, receive),
  unlisten: (signal, receive) => Deno.removeSignalListener(signal, receive),
};

/**
 * A signal that comes again so soon is the same wish: a terminal sends it to all processes of a
 * group, and a runner in that group (npx, `deno task`) passes it on once more.
 */
const ECHO_MS = 500;

/** Waits for the first signal to stop, and hears a later one too: somebody is in a hurry. */
export class StopWatch implements Disposable {
  readonly first: Promise<StopSignal>;
  readonly #source: SignalSource;
  readonly #receivers: readonly (readonly [StopSignal, () => void])[];

  constructor(
    source: SignalSource,
    onSecond: (signal: StopSignal) => void,
    clock: Clock = systemClock,
  ) {
    this.#source = source;
    const { promise, resolve } = Promise.withResolvers<StopSignal>();
    this.first = promise;
    let firstMs = Infinity;
    function receive(signal: StopSignal): void {
      const nowMs = clock.monotonicMs();
      if (nowMs > firstMs + ECHO_MS) onSecond(signal);
      firstMs = Math.min(firstMs, nowMs);
      resolve(signal);
    }
    this.#receivers = STOP_SIGNALS.map((signal) => [signal, () => receive(signal)] as const);
    for (const [signal, receiver] of this.#receivers) source.listen(signal, receiver);
  }

  [Symbol.dispose](): void {
    for (const [signal, receiver] of this.#receivers) this.#source.unlisten(signal, receiver);
  }
}
