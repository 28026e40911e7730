import { bytesFromText } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/error_message.ts";
import type { Logger } from "../../base/log.ts";
import { Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { joseErrors, type JWTPayload, jwtVerify, SignJWT } from "../../deps/jose.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";
import { AuthOptionsError } from "./auth_options_error.ts";
import { type JwtKeys, openJwtKeys } from "./jwt_keys.ts";
import { readJwtOptions } from "./jwt_options.ts";
import { AUTH_LIMITS } from "./limits.ts";
import type { TokenProvider } from "./token_provider.ts";
import { VerificationQueue } from "./verification_queue.ts";

/** How tokens are made. */
interface JwtSettings {
  readonly algorithm: string;
  readonly ttlMs: number;
  readonly keys: JwtKeys;
}

interface VerifiedToken {
  readonly requester: Requester;
  /** Of the clock on the wall; Infinity if the token does not tell. */
  readonly expiresMs: number;
}

/** Makes the provider that `--auth-token=jwt,...` asks for. Throws an AuthOptionsError. */
export async function openJwtTokens(
  values: ReadonlyMap<string, string>,
  clock: Clock,
  logger: Logger,
): Promise<TokenProvider> {
  const options = readJwtOptions(values);
  if (options.unknown.length > 0) {
    logger.warn("unknown JWT options", { keys: options.unknown.join(",") });
  }
  const keys = await openJwtKeys(options);
  const tokens = new JwtTokens({ ...options, keys }, clock, logger);
  await tokens.checkKeys();
  return tokens;
}

/**
 * JSON web tokens: they say themselves who has them, and every member with the key believes them.
 * Nothing takes one back before its time; but one from before the last change of users and roles is
 * only good for asking for a new one.
 */
export class JwtTokens implements TokenProvider {
  readonly takesTime = true;
  readonly #settings: JwtSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** In the order in which they were verified. */
  readonly #verified = new Map<string, VerifiedToken>();
  readonly #pending = new Map<string, Promise<void>>();
  readonly #queue: VerificationQueue;
  #sweepTimer: Timer | undefined;
  #nextSweepMs = Infinity;
  #isClosed = false;

  constructor(settings: JwtSettings, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    this.#queue = new VerificationQueue(clock);
  }

  /** Throws an AuthOptionsError if the algorithm refuses the keys, which it only does when used. */
  async checkKeys(): Promise<void> {
    const { algorithm, keys } = this.#settings;
    try {
      const token = keys.signing === undefined ? unsigned(algorithm) : await this.#sign("", 0);
      await jwtVerify(token, keys.verifying, { algorithms: [algorithm] });
    } catch (error) {
      if (error instanceof joseErrors.JWSSignatureVerificationFailed) return;
      const reason = messageOf(error);
      throw new AuthOptionsError(`the key does not fit ${algorithm}: ${reason}`);
    }
  }

  newSeed(): string {
    return "";
  }

  admitted(): string {
    return "";
  }

  issue(username: string, authRevision: number): Promise<string> {
    return this.#sign(username, authRevision);
  }

  requesterOf(token: string): Requester | undefined {
    return this.#verified.get(token)?.requester;
  }

  verify(token: string, remote: RemoteEnd): Promise<void> | undefined {
    if (this.requesterOf(token) !== undefined) return undefined;
    let pending = this.#pending.get(token);
    if (pending === undefined) {
      pending = this.#queue.run(remote, () => this.#verify(token))
        .finally(() => this.#pending.delete(token));
      this.#pending.set(token, pending);
    }
    return pending;
  }

  forgetUser(): void {}

  forgetAll(): void {}

  close(): void {
    this.#isClosed = true;
    this.#sweepTimer?.cancel();
    this.#queue.close();
  }

  async #sign(username: string, authRevision: number): Promise<string> {
    const { algorithm, keys, ttlMs } = this.#settings;
    if (keys.signing === undefined) throw ETCD_ERRORS.verifyOnlyKey;
    return await new SignJWT({ username, revision: authRevision })
      .setProtectedHeader({ alg: algorithm, typ: "JWT" })
      .setExpirationTime(Math.floor((this.#clock.wallMs() + ttlMs) / 1000))
      .sign(keys.signing);
  }

  async #verify(token: string): Promise<void> {
    const { algorithm, keys } = this.#settings;
    try {
      const { payload } = await jwtVerify(token, keys.verifying, {
        algorithms: [algorithm],
        currentDate: new Date(this.#clock.wallMs()),
      });
      this.#remember(token, payload);
    } catch (error) {
      // A token that is not valid is not remembered, and so nobody's.
      if (error instanceof joseErrors.JOSEError) return;
      const reason = messageOf(error);
      this.#logger.warn("failed to verify a JWT token", { reason });
    }
  }

  #remember(token: string, { username, revision, exp }: JWTPayload): void {
    if (typeof username !== "string" || typeof revision !== "number") return;
    const authRevision = Math.floor(revision);
    if (!Number.isSafeInteger(authRevision) || authRevision < 0) return;
    if (this.#verified.size >= AUTH_LIMITS.verifiedTokens) this.#forgetOldest();
    const expiresMs = exp === undefined ? Infinity : exp * 1000;
    this.#verified.set(token, { requester: new Requester(username, authRevision), expiresMs });
    if (expiresMs < this.#nextSweepMs) this.#sweepAt(expiresMs);
  }

  /** Tokens go when their time is up, so that nobody has to look at the clock who uses one. */
  #sweepAt(atMs: number): void {
    if (this.#isClosed) return;
    this.#sweepTimer?.cancel();
    this.#nextSweepMs = atMs;
    // The clock on the wall may be set meanwhile.
    const delayMs = Math.min(atMs - this.#clock.wallMs(), AUTH_LIMITS.longestSweepDelayMs);
    this.#sweepTimer = this.#clock.setTimer(Math.max(0, delayMs), () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#clock.wallMs();
    let earliestMs = Infinity;
    for (const [token, { expiresMs }] of this.#verified) {
      if (expiresMs <= nowMs) this.#verified.delete(token);
      else earliestMs = Math.min(earliestMs, expiresMs);
    }
    this.#nextSweepMs = Infinity;
    if (earliestMs < Infinity) this.#sweepAt(earliestMs);
  }

  #forgetOldest(): void {
    for (const token of this.#verified.keys()) {
      this.#verified.delete(token);
      return;
    }
  }
}

/** What a token looks like whose signature is wrong. */
function unsigned(algorithm: string): string {
  const options = { alphabet: "base64url", omitPadding: true } as const;
  const header = bytesFromText(JSON.stringify({ alg: algorithm })).toBase64(options);
  return `${header}.${bytesFromText("{}").toBase64(options)}.AAAA`;
}
