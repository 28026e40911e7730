import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { MethodType } from "../../net/grpc/method.ts";
import type {
  MessageListener,
  ServerCall,
  StreamHandler,
  UnaryHandler,
} from "../../net/grpc/server_call.ts";
import type { Authentication } from "../../server/auth/authentication.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { tokenOf } from "./access.ts";
import { HeldRequests } from "./held_requests.ts";

const TOO_MANY = ETCD_ERRORS.requestTooManyRequests;

/** The registry for handlers that ask whose a call is: tokens of some kinds have to be verified before. */
export function verifying(registry: ServiceRegistry, server: EtcdServer): ServiceRegistry {
  const { auth } = server;
  if (!auth.tokens.takesTime) return registry;
  return new VerifyingRegistry(registry, auth, (error) => server.fail(error));
}

/**
 * Lets a handler have a request only when the token of its call is verified, which may take a
 * moment: from then on whoever asks knows whose it is.
 */
export class VerifyingRegistry implements ServiceRegistry {
  readonly #registry: ServiceRegistry;
  readonly #auth: Authentication;
  readonly #failed: (error: unknown) => void;
  readonly #held = new HeldRequests();

  constructor(registry: ServiceRegistry, auth: Authentication, failed: (error: unknown) => void) {
    this.#registry = registry;
    this.#auth = auth;
    this.#failed = failed;
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#registry.addUnary(path, (call, bytes, start, end) => {
      const verification = this.#verificationOf(call);
      if (verification === undefined) return handler(call, bytes, start, end);
      const sizeBytes = end - start;
      if (!this.#held.take(sizeBytes)) {
        call.fail(TOO_MANY.code, TOO_MANY.message);
        return ignore(verification);
      }
      const request = bytes.slice(start, end);
      verification
        .then(() => call.finished ? undefined : handler(call, request, 0, request.length))
        .catch((error) => refuse(call, error, this.#failed))
        .finally(() => this.#held.release(sizeBytes));
    });
  }

  addStream(path: string, handler: StreamHandler, type: MethodType): void {
    const shared: VerifiedMessagesShared = {
      held: this.#held,
      failed: this.#failed,
      verificationOf: (call) => this.#verificationOf(call),
    };
    this.#registry.addStream(
      path,
      (call) => new VerifiedMessages(call, handler(call), shared),
      type,
    );
  }

  #verificationOf(call: ServerCall): Promise<void> | undefined {
    if (!this.#auth.enabled) return undefined;
    const token = tokenOf(call);
    return token === undefined ? undefined : this.#auth.tokens.verify(token, call.remote);
  }
}

/** What all streams have in common. */
interface VerifiedMessagesShared {
  readonly held: HeldRequests;
  readonly failed: (error: unknown) => void;
  verificationOf(call: ServerCall): Promise<void> | undefined;
}

/** Holds the messages of a stream back while the token of its call is verified. */
class VerifiedMessages implements MessageListener {
  readonly #call: ServerCall;
  readonly #listener: MessageListener;
  readonly #shared: VerifiedMessagesShared;
  /** What came meanwhile; undefined while nothing is verified. */
  #waiting: (() => void)[] | undefined;
  #heldBytes = 0;

  constructor(call: ServerCall, listener: MessageListener, shared: VerifiedMessagesShared) {
    this.#call = call;
    this.#listener = listener;
    this.#shared = shared;
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    const isWaiting = this.#waiting !== undefined;
    const verification = isWaiting ? undefined : this.#shared.verificationOf(this.#call);
    if (verification !== undefined) this.#wait(verification);
    if (this.#waiting === undefined) return this.#listener.message(bytes, start, end);
    if (!this.#shared.held.take(end - start)) {
      return this.#call.fail(TOO_MANY.code, TOO_MANY.message);
    }
    this.#heldBytes += end - start;
    const message = bytes.slice(start, end);
    this.#waiting.push(() => this.#listener.message(message, 0, message.length));
  }

  halfClosed(): void {
    if (this.#waiting === undefined) this.#listener.halfClosed();
    else this.#waiting.push(() => this.#listener.halfClosed());
  }

  #wait(verification: Promise<void>): void {
    const waiting: (() => void)[] = [];
    this.#waiting = waiting;
    // It may have to wait for its turn, in which much could come.
    this.#call.pause();
    verification
      .then(() => this.#goOn(waiting))
      .catch((error) => refuse(this.#call, error, this.#shared.failed))
      .finally(() => this.#shared.held.release(this.#heldBytes));
  }

  /** What comes while the client is let go on is still behind what has come before. */
  #goOn(waiting: readonly (() => void)[]): void {
    this.#call.resume();
    for (const deliver of waiting) if (!this.#call.finished) deliver();
    this.#waiting = undefined;
  }
}

/** Tells the client what it is told if its token cannot be looked at; all else is a defect. */
function refuse(call: ServerCall, error: unknown, failed: (error: unknown) => void): void {
  if (error instanceof EtcdError) call.fail(error.code, error.message);
  else failed(error);
}

/** Nobody waits for it any more, however it ends. */
function ignore(verification: Promise<void>): void {
  verification.catch(() => {});
}
