import { assert } from "../../../base/assert.ts";
import type { ServerCall, StreamHandler, UnaryHandler } from "../../../net/grpc/server_call.ts";
import type { EtcdServer } from "../../../server/etcd_server.ts";
import type { ServiceRegistry } from "../../service_registry.ts";
import { KvService } from "../kv_service.ts";
import { LeaseService } from "../lease_service.ts";
import { verifying } from "../verifying_registry.ts";
import { WatchService } from "../watch_service.ts";
import { CallerClient } from "./caller_client.ts";

/**
 * The services that Lock and Election are made of, as etcd's are made of its own client: what a
 * caller may not do by itself, these do not do for it either.
 */
export class InnerServices implements ServiceRegistry {
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #streams = new Map<string, StreamHandler>();

  constructor(server: EtcdServer) {
    // A token that was verified may be forgotten while its owner waits.
    const registry = verifying(this, server);
    new KvService(server).register(registry);
    new LeaseService(server).register(registry);
    new WatchService(server).register(registry);
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#unary.set(path, handler);
  }

  addStream(path: string, handler: StreamHandler): void {
    this.#streams.set(path, handler);
  }

  /** A client for what is done in the name of one call. It hears when the call is given up. */
  clientFor(call: ServerCall): CallerClient {
    return new CallerClient(this, call);
  }

  unaryHandler(path: string): UnaryHandler {
    const handler = this.#unary.get(path);
    assert(handler !== undefined, `${path} is a unary method of an inner service`);
    return handler;
  }

  streamHandler(path: string): StreamHandler {
    const handler = this.#streams.get(path);
    assert(handler !== undefined, `${path} is a stream of an inner service`);
    return handler;
  }
}
