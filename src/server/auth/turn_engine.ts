import { BcryptWork } from "../../base/bcrypt/bcrypt.ts";
import type { Clock } from "../../base/clock.ts";
import type { BcryptParameters } from "../../base/bcrypt/hash_form.ts";
import { yieldTurn } from "../turns.ts";
import { EngineLost, type HashEngine } from "./hash_engine.ts";
import { AUTH_LIMITS } from "./limits.ts";

/** Hashes in turns of the event loop, where no worker can be started. */
export class TurnEngine implements HashEngine {
  readonly #clock: Clock;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async hash(password: Uint8Array, parameters: BcryptParameters): Promise<string> {
    const work = new BcryptWork(password, parameters);
    do {
      await yieldTurn(this.#clock);
      if (this.#isClosed) throw new EngineLost("the server stops");
    } while (work.step(AUTH_LIMITS.bcryptRoundsPerTurn));
    return work.hash();
  }

  close(): void {
    this.#isClosed = true;
  }
}
