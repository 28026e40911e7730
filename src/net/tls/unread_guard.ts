import type { Clock } from "../../base/clock.ts";
import { type Sweepable, Sweeper } from "../http2/sweeper.ts";
import type { TlsLimits } from "../limits.ts";

/** What was encrypted, as far as the guard needs it. */
interface GuardedSocket {
  readonly bytesRead: number;
  destroy(): unknown;
}

/** What was decrypted. */
interface GuardedReading {
  on(event: "pause" | "resume" | "close", listener: () => void): unknown;
  isPaused(): boolean;
}

/**
 * Bounds what clients send while nobody reads, where `EncryptedReading` cannot: a plain socket that
 * is paused leaves its bytes with the client, but node:tls goes on to take and to hold them. A client
 * that makes it hold too much is cut off.
 */
export class UnreadGuard implements Sweepable {
  readonly #limits: TlsLimits;
  readonly #sweeper: Sweeper;
  /** Connections that nobody reads from, with what had been read of each when that began. */
  readonly #paused = new Map<GuardedSocket, number>();

  constructor(clock: Clock, limits: TlsLimits) {
    this.#limits = limits;
    this.#sweeper = new Sweeper(clock, limits.unreadSweepIntervalMs);
  }

  /** Looks after a connection to its end; `socket` is what `secured` was made of. */
  watch(socket: GuardedSocket, secured: GuardedReading): void {
    // Nobody has begun to read yet.
    this.#remember(socket);
    secured.on("pause", () => this.#remember(socket));
    secured.on("resume", () => {
      // What resuming brings at once may have paused it again, and that was told before this.
      if (!secured.isPaused()) this.#forget(socket);
    });
    secured.on("close", () => this.#forget(socket));
  }

  sweep(): void {
    const { unreadBytes: mostBytes, unreadTotalBytes: mostTotalBytes } = this.#limits;
    let totalBytes = 0;
    let greediest: GuardedSocket | undefined;
    let greediestBytes = 0;
    for (const [socket, bytesAtPause] of this.#paused) {
      const unreadBytes = socket.bytesRead - bytesAtPause;
      if (unreadBytes > mostBytes) {
        socket.destroy();
        continue;
      }
      totalBytes += unreadBytes;
      if (unreadBytes <= greediestBytes) continue;
      greediest = socket;
      greediestBytes = unreadBytes;
    }
    if (totalBytes > mostTotalBytes) greediest?.destroy();
  }

  #remember(socket: GuardedSocket): void {
    if (this.#paused.size === 0) this.#sweeper.add(this);
    this.#paused.set(socket, socket.bytesRead);
  }

  #forget(socket: GuardedSocket): void {
    this.#paused.delete(socket);
    if (this.#paused.size === 0) this.#sweeper.remove(this);
  }
}
