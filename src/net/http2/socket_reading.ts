import { READ_TURN_LIMITS } from "../limits.ts";
import type { ReadTurns } from "./read_turns.ts";
import type { ByteSocket } from "./socket.ts";

/** Reads from one socket while its owner wants to, and while it is this socket's turn. */
export class SocketReading {
  readonly #socket: ByteSocket;
  readonly #turns: ReadTurns;
  /** By its owner. */
  #isHeld = false;
  /** Until work is done that was read before, and then until the next turn. */
  #isWaiting = false;
  #hasToWait = false;
  /** Until the next turn. */
  #isDeferred = false;
  #isPaused = false;
  #isClosed = false;
  readonly #readOn: () => void;
  #frameCount = 0;

  /** `readOn` is called when it may go on, before anything new is read. */
  constructor(socket: ByteSocket, turns: ReadTurns, readOn: () => void = () => {}) {
    this.#socket = socket;
    this.#turns = turns;
    this.#readOn = readOn;
  }

  /** Asked behind each frame: whether those that have come with it have to wait. */
  get mustPause(): boolean {
    if (this.#isWaiting || this.#isHeld) return true;
    const isCheckDue = ++this.#frameCount % READ_TURN_LIMITS.framesPerClockCheck === 0;
    return isCheckDue && this.#turns.isOver;
  }

  /** Whether the owner wants nothing more for now. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#apply();
  }

  /**
   * Whether what was read before has to be done first. Then it is the others' turn: that work was
   * done in some turn of the event loop, and this socket alone would fill the next one as well.
   */
  wait(hasToWait: boolean): void {
    if (this.#isClosed) return;
    this.#hasToWait = hasToWait;
    if (hasToWait) this.#setWaiting();
    else this.#turns.inNext(() => this.#setWaiting());
  }

  #setWaiting(): void {
    this.#isWaiting = this.#hasToWait;
    this.#apply();
  }

  /** Work on what was read begins; it may be done in several parts. */
  begin(): void {
    this.#turns.begin();
  }

  /**
   * It ends: the socket waits for the next turn if there was enough of it in this one, or if more
   * was read than could be done.
   */
  end(hasMore = false): void {
    this.#turns.end();
    if (this.#isDeferred || this.#isClosed) return;
    const isNextDue = hasMore && !this.#isHeld && !this.#isWaiting;
    if (!isNextDue && !this.#turns.isOver) return;
    this.#isDeferred = true;
    this.#turns.inNext(() => {
      this.#isDeferred = false;
      this.#apply();
    });
    this.#apply();
  }

  /** The socket is gone. */
  close(): void {
    this.#isClosed = true;
  }

  #apply(): void {
    const isPaused = this.#isHeld || this.#isWaiting || this.#isDeferred;
    if (this.#isClosed || isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) this.#readOn();
    // What was read on may have paused it again, or ended it.
    if (this.#isClosed) return;
    if (this.#isPaused) this.#socket.pause();
    else this.#socket.resume();
  }
}
