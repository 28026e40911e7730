import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { ByteSocket } from "../socket.ts";

interface PendingWrite {
  readonly given: Uint8Array;
  readonly copy: Buffer;
  readonly written: () => void;
}

/**
 * A socket whose other end is the test. It checks that buffers given to it are left alone until it
 * says that they are written.
 */
export class FakeSocket extends EventEmitter implements ByteSocket {
  writeCount = 0;
  ended = false;
  destroyed = false;
  paused = false;
  /** Whether writes wait for `completeWrites`, as on a socket whose peer does not read. */
  stuck = false;

  readonly #pending: PendingWrite[] = [];
  #taken: Buffer[] = [];

  write(bytes: Uint8Array, written: () => void): boolean {
    assert(bytes.length > 0, "an empty write is wasted");
    assert(!this.ended, "nothing is written after the end");
    this.writeCount++;
    this.#pending.push({ given: bytes, copy: Buffer.from(bytes), written });
    return true;
  }

  end(): this {
    this.ended = true;
    return this;
  }

  destroy(): this {
    this.destroyed = true;
    return this;
  }

  pause(): this {
    this.paused = true;
    return this;
  }

  resume(): this {
    this.paused = false;
    return this;
  }

  /** Takes everything that was written, until nothing more comes. */
  completeWrites(): void {
    while (this.completeWrite());
  }

  /** Takes the oldest write alone; false if there is none. */
  completeWrite(): boolean {
    const write = this.#pending.shift();
    if (write === undefined) return false;
    assert(write.copy.equals(write.given), "a buffer was changed while it was being written");
    this.#taken.push(write.copy);
    write.written();
    return true;
  }

  /** What the connection has sent since the last call. */
  take(): Buffer {
    if (!this.stuck) this.completeWrites();
    return this.takeWritten();
  }

  /** The same without what is under way still. */
  takeWritten(): Buffer {
    const taken = Buffer.concat(this.#taken);
    this.#taken = [];
    return taken;
  }

  get pendingWriteCount(): number {
    return this.#pending.length;
  }

  /** The peer sends something. */
  emitData(bytes: Uint8Array): void {
    this.emit("data", Buffer.from(bytes));
  }
}
