import type { Clock } from "../base/clock.ts";
import { humanBytes } from "./ctl/output/human_bytes.ts";
import { CLI_LIMITS } from "./limits.ts";

/** Where progress is shown; for a program, its standard error. */
interface ProgressScreen {
  /** Whether a person watches, so that a line may be drawn over. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** What is to be shown. */
export interface ProgressOptions {
  /** What is being done, such as `checking backup.db`. */
  readonly what: string;
  /** How much there is to read or write, each pass counted; undefined where nobody knows. */
  readonly totalBytes?: number | undefined;
  /** Work that is over before this time is not mentioned at all. */
  readonly quietMs?: number;
}

/** Back to the start of the line, and rub out what stands there. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * Shows how far long work is: to a person as one line that changes, with percentage and speed; to a
 * file or a pipe as one plain line at the start and one at the end.
 */
export class Progress {
  readonly #screen: ProgressScreen;
  readonly #clock: Clock;
  readonly #what: string;
  readonly #totalBytes: number | undefined;
  readonly #startMs: number;
  #doneBytes = 0;
  #nextDrawMs: number;
  #isShown = false;

  constructor(screen: ProgressScreen, clock: Clock, options: ProgressOptions) {
    this.#screen = screen;
    this.#clock = clock;
    this.#what = options.what;
    this.#totalBytes = options.totalBytes;
    this.#startMs = clock.monotonicMs();
    this.#nextDrawMs = this.#startMs + (options.quietMs ?? 0);
    this.#drawIfDue();
  }

  /** So many bytes more are done. */
  add(bytes: number): void {
    this.#doneBytes += bytes;
    this.#drawIfDue();
  }

  /** All is done. */
  end(): void {
    if (!this.#isShown) return;
    const ms = this.#clock.monotonicMs() - this.#startMs;
    const line = `${this.#what}: done in ${(ms / 1000).toFixed(1)} s${this.#speed(ms)}`;
    this.#screen.write(`${this.#screen.isTerminal ? CLEAR_LINE : ""}${line}\n`);
    this.#isShown = false;
  }

  /** Makes room for the message that says what went wrong; harmless behind `end`. */
  abandon(): void {
    if (this.#isShown && this.#screen.isTerminal) this.#screen.write(CLEAR_LINE);
    this.#isShown = false;
    this.#nextDrawMs = Infinity;
  }

  #drawIfDue(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextDrawMs) return;
    this.#isShown = true;
    if (!this.#screen.isTerminal) {
      this.#nextDrawMs = Infinity;
      this.#screen.write(`${this.#what}\n`);
      return;
    }
    this.#nextDrawMs = nowMs + CLI_LIMITS.progressRedrawMs;
    const speed = this.#speed(nowMs - this.#startMs);
    this.#screen.write(`${CLEAR_LINE}${this.#what}: ${this.#share()}${speed}`);
  }

  #share(): string {
    if (this.#totalBytes === undefined) return humanBytes(this.#doneBytes);
    if (this.#doneBytes === 0) return "0%";
    // What is read twice must not make more than the whole of it.
    return `${Math.min(100, Math.floor(100 * this.#doneBytes / this.#totalBytes))}%`;
  }

  /** Nothing while there is no time to divide by. */
  #speed(ms: number): string {
    if (ms < 1) return "";
    const megabytes = this.#doneBytes / 1_000_000 / (ms / 1000);
    return ` (${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB/s)`;
  }
}
