import type { Clock } from "../../../base/clock.ts";
import { ETCD_ERRORS, type EtcdError } from "../../../core/errors.ts";
import { AuthenticateRequest, AuthenticateResponse } from "../../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../../pb/services.ts";
import { ClientError } from "../client_error.ts";
import type { UserCredentials } from "./credentials.ts";
import { CLIENT_LIMITS } from "../limits.ts";
import type { Transport } from "./transport.ts";

/** A token as the server gave it. */
interface Issued {
  /** Undefined while the server has no authentication. */
  readonly token: string | undefined;
  readonly atMs: number;
}

/** The token of one user, asked for when it is needed. */
export class TokenSource {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #credentials: UserCredentials;
  #issued: Issued | undefined;
  #asking: Promise<Issued> | undefined;

  constructor(transport: Transport, clock: Clock, credentials: UserCredentials) {
    this.#transport = transport;
    this.#clock = clock;
    this.#credentials = credentials;
  }

  /**
   * A token that was good when it was issued; undefined while the server has no authentication.
   * Rejects with the server's error when it does not take user and password.
   */
  async token(): Promise<string | undefined> {
    return (this.#issued ?? await this.#ask()).token;
  }

  /** The same, but not much older than this moment: for a call that is not made again. */
  async recentToken(): Promise<string | undefined> {
    const { streamTokenAgeMs } = CLIENT_LIMITS;
    const youngestMs = this.#clock.monotonicMs() - streamTokenAgeMs;
    if (this.#issued !== undefined && this.#issued.atMs < youngestMs) this.#issued = undefined;
    return await this.token();
  }

  /** A token in the place of one that the server does not take any more. */
  async renewed(refused: string | undefined): Promise<string | undefined> {
    if (this.#issued?.token === refused) this.#issued = undefined;
    return await this.token();
  }

  /** The server was lost, and perhaps all that it remembered. */
  forget(): void {
    this.#issued = undefined;
  }

  /** Calls that need a token at the same time share one exchange. */
  async #ask(): Promise<Issued> {
    this.#asking ??= this.#authenticate().finally(() => this.#asking = undefined);
    this.#issued = await this.#asking;
    return this.#issued;
  }

  async #authenticate(): Promise<Issued> {
    const { user, password } = this.#credentials;
    const request = AuthenticateRequest.encode({ name: user, password });
    const atMs = this.#clock.monotonicMs();
    try {
      const bytes = await this.#transport.unary(AUTH_SERVICE.authenticate.path, request);
      return { token: AuthenticateResponse.decode(bytes).token, atMs };
    } catch (error) {
      if (isRefusal(error, ETCD_ERRORS.authNotEnabled)) return { token: undefined, atMs };
      throw error;
    }
  }
}

/** What a call is refused with for its token alone. */
const TOKEN_REFUSALS: readonly EtcdError[] = [
  ETCD_ERRORS.invalidAuthToken,
  ETCD_ERRORS.authOldRevision,
  // Authentication was enabled since the client asked, so that it sent no token.
  ETCD_ERRORS.userEmpty,
];

/** Whether a call was refused, with no effect, in a way that another token may help against. */
export function isTokenRefused(error: unknown): boolean {
  return TOKEN_REFUSALS.some((refusal) => isRefusal(error, refusal));
}

function isRefusal(error: unknown, { code, message }: EtcdError): boolean {
  return error instanceof ClientError && error.code === code && error.message === message;
}
