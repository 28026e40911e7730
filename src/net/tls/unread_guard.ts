import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { type Sweepable, Sweeper } from "../http2/sweeper.ts";
import type { TlsLimits } from "../limits.ts";

/**
 * Bounds what clients send while nobody reads. A plain socket that is paused leaves its bytes with
 * the client, but node:tls of Deno 2.9 goes on to take and to hold them. A client that makes it hold
 * too much is cut off.
 */
export class UnreadGuard {
  readonly #limits: TlsLimits;
  readonly #sweeper: Sweeper;
  readonly #paused = new Set<PausedSocket>();

  constructor(clock: Clock, limits: TlsLimits) {
    this.#limits = limits;
    this.#sweeper = new Sweeper(clock, limits.unreadSweepIntervalMs);
  }

  /** Looks after a connection to its end; `socket` is what `secured` was made of. */
  watch(socket: Socket, secured: TLSSocket): void {
    const entry = new PausedSocket(socket, () => this.#check(entry));
    const forget = (): void => {
      this.#paused.delete(entry);
      this.#sweeper.remove(entry);
    };
    const remember = (): void => {
      entry.begin();
      this.#paused.add(entry);
      this.#sweeper.add(entry);
    };
    // Nobody has begun to read yet.
    remember();
    secured.on("pause", remember);
    secured.on("resume", () => {
      // What resuming brings at once may have paused it again, and that was told before this.
      if (!secured.isPaused()) forget();
    });
    secured.on("close", forget);
  }

  #check(entry: PausedSocket): void {
    if (entry.unreadBytes > this.#limits.unreadBytes) return entry.end();
    let totalBytes = 0;
    let greediest = entry;
    for (const paused of this.#paused) {
      totalBytes += paused.unreadBytes;
      if (paused.unreadBytes > greediest.unreadBytes) greediest = paused;
    }
    if (totalBytes > this.#limits.unreadTotalBytes) greediest.end();
  }
}

/** A connection from which nobody reads at the moment. */
class PausedSocket implements Sweepable {
  readonly #socket: Socket;
  readonly #onSweep: () => void;
  #bytesAtPause = 0;

  constructor(socket: Socket, onSweep: () => void) {
    this.#socket = socket;
    this.#onSweep = onSweep;
  }

  get unreadBytes(): number {
    return this.#socket.bytesRead - this.#bytesAtPause;
  }

  begin(): void {
    this.#bytesAtPause = this.#socket.bytesRead;
  }

  sweep(): void {
    this.#onSweep();
  }

  end(): void {
    this.#socket.destroy();
  }
}
