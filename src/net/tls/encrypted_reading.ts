import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { BurstPacer } from "./burst_pacer.ts";

/** What a socket of node:net reads by; not part of its API, so it may be missing some day. */
interface ReadHandle {
  readStart(): unknown;
  readStop(): unknown;
}

/** Undefined where a socket has none. */
export function readHandleOf(socket: Socket): ReadHandle | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  return isReadHandle(handle) ? handle : undefined;
}

function isReadHandle(handle: unknown): handle is ReadHandle {
  return typeof handle === "object" && handle !== null &&
    "readStart" in handle && typeof handle.readStart === "function" &&
    "readStop" in handle && typeof handle.readStop === "function";
}

/**
 * Reads what is encrypted only while somebody wants what is in it, and no more in one turn than
 * leaves time for others. Left alone, node:tls of Deno 2.9 takes all that a client sends without
 * looking at anything else, whether its socket is paused or not.
 */
export class EncryptedReading {
  readonly #socket: Socket;
  readonly #handle: ReadHandle;
  readonly #pacer: BurstPacer;
  #bytesRead: number;
  /** By whoever reads what was encrypted. */
  #isHeld = true;
  /** Until the next turn. */
  #isDeferred = false;
  #isStopped = false;

  /** `secured` is made of `socket`, whose handle it is. */
  constructor(socket: Socket, secured: TLSSocket, handle: ReadHandle, pacer: BurstPacer) {
    this.#socket = socket;
    this.#handle = handle;
    this.#pacer = pacer;
    this.#bytesRead = socket.bytesRead;
    // Nobody has begun to read yet; and to hear of data before somebody does would be to read.
    this.#apply();
    secured.once("resume", () => secured.on("data", () => this.#took()));
    secured.on("pause", () => this.#hold(true));
    // What resuming brings at once may have paused it again, and that was told before this.
    secured.on("resume", () => this.#hold(secured.isPaused()));
  }

  /** Waits for a later turn, or does not have to any more. */
  defer(isDeferred: boolean): void {
    this.#isDeferred = isDeferred;
    this.#apply();
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#apply();
  }

  #took(): void {
    const { bytesRead } = this.#socket;
    const sizeBytes = bytesRead - this.#bytesRead;
    this.#bytesRead = bytesRead;
    if (!this.#isDeferred) this.#pacer.took(this, sizeBytes);
  }

  #apply(): void {
    const isStopped = this.#isHeld || this.#isDeferred;
    if (isStopped === this.#isStopped || this.#socket.destroyed) return;
    this.#isStopped = isStopped;
    if (isStopped) this.#handle.readStop();
    else this.#handle.readStart();
  }
}
