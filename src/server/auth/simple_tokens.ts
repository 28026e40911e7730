import type { Clock, Timer } from "../../base/clock.ts";
import { Requester } from "../../core/auth/requester.ts";
import { AUTH_LIMITS } from "./limits.ts";
import type { TokenProvider } from "./token_provider.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SEED_LETTERS = 16;
/** Random bytes from here on are thrown away: they would make some letters likelier than others. */
const UNBIASED_BYTES = 256 - (256 % LETTERS.length);

interface HeldToken {
  expiresMs: number;
  /** Whether it was shown since the last look at all tokens. */
  isUsed: boolean;
  requester: Requester;
}

/**
 * etcd's simple tokens: random texts that every member keeps in memory. Each use of a token gives it
 * its whole time again. As in etcd, time is looked at once a second: to ask the clock for every
 * request would cost a tenth of a small get.
 */
export class SimpleTokens implements TokenProvider {
  readonly takesTime = false;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  /** In the order in which they were made. */
  readonly #tokens = new Map<string, HeldToken>();
  #sweepTimer: Timer | undefined;

  constructor(ttlMs: number, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  get size(): number {
    return this.#tokens.size;
  }

  newSeed(): string {
    let seed = "";
    while (seed.length < SEED_LETTERS) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      if (byte < UNBIASED_BYTES) seed += LETTERS[byte % LETTERS.length];
    }
    return seed;
  }

  admitted(username: string, seed: string, index: number): string {
    const token = `${seed}.${index}`;
    this.#tokens.set(token, {
      requester: new Requester(username, 0),
      expiresMs: this.#clock.monotonicMs() + this.#ttlMs,
      isUsed: false,
    });
    if (this.#tokens.size > AUTH_LIMITS.simpleTokens) this.#forgetOldest();
    if (this.#sweepTimer === undefined) this.#scheduleSweep();
    return token;
  }

  issue(_username: string, _authRevision: number, admitted: string): string {
    return admitted;
  }

  requesterOf(token: string, authRevision: number): Requester | undefined {
    const held = this.#tokens.get(token);
    if (held === undefined) return undefined;
    held.isUsed = true;
    if (held.requester.authRevision !== authRevision) {
      held.requester = new Requester(held.requester.username, authRevision);
    }
    return held.requester;
  }

  verify(): undefined {
    return undefined;
  }

  forgetUser(username: string): void {
    for (const [token, { requester }] of this.#tokens) {
      if (requester.username === username) this.#tokens.delete(token);
    }
  }

  forgetAll(): void {
    this.#tokens.clear();
  }

  close(): void {
    this.#sweepTimer?.cancel();
  }

  #forgetOldest(): void {
    for (const token of this.#tokens.keys()) {
      this.#tokens.delete(token);
      return;
    }
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#clock.setTimer(AUTH_LIMITS.tokenSweepMs, () => {
      this.#sweep(this.#clock.monotonicMs());
      this.#sweepTimer = undefined;
      if (this.#tokens.size > 0) this.#scheduleSweep();
    });
  }

  /** Those that were used since the last time live on, and those whose time is up go. */
  #sweep(nowMs: number): void {
    for (const [token, held] of this.#tokens) {
      if (held.isUsed) {
        held.isUsed = false;
        held.expiresMs = nowMs + this.#ttlMs;
      } else if (held.expiresMs <= nowMs) this.#tokens.delete(token);
    }
  }
}
