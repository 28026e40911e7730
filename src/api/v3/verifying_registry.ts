import { EtcdError } from "../../core/errors.ts";
import type { MethodType } from "../../net/grpc/method.ts";
import type {
  MessageListener,
  ServerCall,
  StreamHandler,
  UnaryHandler,
} from "../../net/grpc/server_call.ts";
import type { Authentication } from "../../server/auth/authentication.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { tokenOf } from "./access.ts";

/**
 * Lets a handler have a request only when the token of its call is verified, which may take a
 * moment: from then on whoever asks knows whose it is.
 */
export class VerifyingRegistry implements ServiceRegistry {
  readonly #registry: ServiceRegistry;
  readonly #auth: Authentication;
  readonly #failed: (error: unknown) => void;

  constructor(registry: ServiceRegistry, auth: Authentication, failed: (error: unknown) => void) {
    this.#registry = registry;
    this.#auth = auth;
    this.#failed = failed;
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#registry.addUnary(path, (call, bytes, start, end) => {
      const verification = this.#verificationOf(call);
      if (verification === undefined) return handler(call, bytes, start, end);
      const request = bytes.slice(start, end);
      verification
        .then(() => call.finished ? undefined : handler(call, request, 0, request.length))
        .catch((error) => refuse(call, error, this.#failed));
    });
  }

  addStream(path: string, handler: StreamHandler, type: MethodType): void {
    const verificationOf = (call: ServerCall) => this.#verificationOf(call);
    this.#registry.addStream(
      path,
      (call) => new VerifiedMessages(call, handler(call), verificationOf, this.#failed),
      type,
    );
  }

  #verificationOf(call: ServerCall): Promise<void> | undefined {
    if (!this.#auth.enabled) return undefined;
    const token = tokenOf(call);
    return token === undefined ? undefined : this.#auth.tokens.verify(token, call.remote);
  }
}

/** Holds the messages of a stream back while the token of its call is verified. */
class VerifiedMessages implements MessageListener {
  readonly #call: ServerCall;
  readonly #listener: MessageListener;
  readonly #verificationOf: (call: ServerCall) => Promise<void> | undefined;
  readonly #failed: (error: unknown) => void;
  /** What came meanwhile; undefined while nothing is verified. */
  #held: (() => void)[] | undefined;

  constructor(
    call: ServerCall,
    listener: MessageListener,
    verificationOf: (call: ServerCall) => Promise<void> | undefined,
    failed: (error: unknown) => void,
  ) {
    this.#call = call;
    this.#listener = listener;
    this.#verificationOf = verificationOf;
    this.#failed = failed;
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    const verification = this.#held === undefined ? this.#verificationOf(this.#call) : undefined;
    if (verification !== undefined) this.#hold(verification);
    if (this.#held === undefined) return this.#listener.message(bytes, start, end);
    const message = bytes.slice(start, end);
    this.#held.push(() => this.#listener.message(message, 0, message.length));
  }

  halfClosed(): void {
    if (this.#held === undefined) this.#listener.halfClosed();
    else this.#held.push(() => this.#listener.halfClosed());
  }

  #hold(verification: Promise<void>): void {
    const held: (() => void)[] = [];
    this.#held = held;
    // It may have to wait for its turn, in which much could come.
    this.#call.pause();
    verification
      .then(() => this.#release(held))
      .catch((error) => refuse(this.#call, error, this.#failed));
  }

  /** What comes while the client is let go on is still behind what has come before. */
  #release(held: readonly (() => void)[]): void {
    this.#call.resume();
    for (const deliver of held) if (!this.#call.finished) deliver();
    this.#held = undefined;
  }
}

/** Tells the client what it is told if its token cannot be looked at; all else is a defect. */
function refuse(call: ServerCall, error: unknown, failed: (error: unknown) => void): void {
  if (error instanceof EtcdError) call.fail(error.code, error.message);
  else failed(error);
}
