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
        .catch(this.#failed);
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
    return token === undefined ? undefined : this.#auth.tokens.verify(token);
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
    // It takes a millisecond or two, in which little can come.
    this.#held = [];
    verification.then(() => this.#release()).catch(this.#failed);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) if (!this.#call.finished) deliver();
  }
}
