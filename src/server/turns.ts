import { setImmediate, setTimeout } from "node:timers/promises";

/** While a member starts, so many turns pass without a look at the sockets. */
const STARTING_TURNS_WITHOUT_SOCKETS = 4;

let startingTurns = 0;

/**
 * Lets the event loop serve everybody else before long work goes on. A timer makes it look at the
 * sockets; between immediates it does so only about every sixtieth time.
 */
export function yieldTurn(): Promise<void> {
  return setTimeout(0);
}

/**
 * The same while a member starts: nobody waits for its sockets yet, only for the end. Whoever shares
 * the process is served all the same, a little later.
 */
export function yieldTurnWhileStarting(): Promise<void> {
  startingTurns = (startingTurns + 1) % STARTING_TURNS_WITHOUT_SOCKETS;
  return startingTurns === 0 ? setTimeout(0) : setImmediate();
}
