import type { Requester } from "../../core/auth/requester.ts";
import type { RemoteEnd } from "../../net/remote_end.ts";

/** One way to make tokens, and to know them again. */
export interface TokenProvider {
  /** Whether `verify` ever has something to do. */
  readonly takesTime: boolean;
  /** What goes into the log for a login, so that every member that applies it makes the same token. */
  newSeed(): string;
  /** A login was applied: notes and returns its token, where it is the log that makes it. */
  admitted(username: string, seed: string, index: number): string;
  /**
   * The token to hand out for a login that was applied, whose `admitted` returned `admitted`. Throws
   * or rejects with what the client is to be told when there is none.
   */
  issue(username: string, authRevision: number, admitted: string): string | Promise<string>;
  /**
   * Who has this token, at the present revision of the auth state; undefined if nobody, or not any
   * more. What `verify` has to see first is nobody's.
   */
  requesterOf(token: string, authRevision: number): Requester | undefined;
  /**
   * Looks at a token that it takes time to know, in the turn of whoever shows it; undefined if this
   * one takes none. Rejects with what the client is to be told if there are too many of them.
   */
  verify(token: string, remote: RemoteEnd): Promise<void> | undefined;
  /** The user's tokens are worth nothing any more, as far as they can be taken back. */
  forgetUser(username: string): void;
  /** No token is worth anything any more, as far as they can be taken back. */
  forgetAll(): void;
  /** The server stops. */
  close(): void;
}
