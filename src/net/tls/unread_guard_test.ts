import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { ManualClock } from "../../base/manual_clock.ts";
import { TLS_LIMITS } from "../limits.ts";
import { UnreadGuard } from "./unread_guard.ts";

const LIMITS = { ...TLS_LIMITS, unreadBytes: 1_000, unreadTotalBytes: 1_500 };

/** Both ends of what decrypts: what is read of the client goes on, whatever the other end does. */
class Connection extends EventEmitter {
  bytesRead = 500;
  isDestroyed = false;
  #isPaused = false;

  isPaused(): boolean {
    return this.#isPaused;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.emit(isPaused ? "pause" : "resume");
  }

  destroy(): this {
    this.isDestroyed = true;
    this.emit("close");
    return this;
  }
}

function newGuard(): { readonly clock: ManualClock; readonly connect: () => Connection } {
  const clock = new ManualClock();
  const guard = new UnreadGuard(clock, LIMITS);
  const connect = (): Connection => {
    const connection = new Connection();
    guard.watch(connection, connection);
    return connection;
  };
  return { clock, connect };
}

Deno.test("UnreadGuard cuts off a client that sends while nobody reads", () => {
  const { clock, connect } = newGuard();
  const connection = connect();
  connection.pause(false);
  connection.bytesRead += 5_000;
  assert.equal(clock.timerCount, 0, "while somebody reads there is nothing to look at");
  connection.pause(true);
  connection.bytesRead += LIMITS.unreadBytes;
  clock.advance(LIMITS.unreadSweepIntervalMs);
  assert.ok(!connection.isDestroyed);
  connection.bytesRead++;
  clock.advance(LIMITS.unreadSweepIntervalMs);
  assert.ok(connection.isDestroyed);
  assert.equal(clock.timerCount, 0);
});

Deno.test("UnreadGuard cuts off the greediest when all together send too much", () => {
  const { clock, connect } = newGuard();
  const connections = [600, 700, 400].map((sizeBytes) => {
    const connection = connect();
    connection.bytesRead += sizeBytes;
    return connection;
  });
  clock.advance(LIMITS.unreadSweepIntervalMs);
  assert.deepEqual(connections.map(({ isDestroyed }) => isDestroyed), [false, true, false]);
  clock.advance(LIMITS.unreadSweepIntervalMs);
  assert.equal(connections.filter(({ isDestroyed }) => isDestroyed).length, 1);
  for (const connection of connections) connection.destroy();
});
