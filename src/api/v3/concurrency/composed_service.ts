import type { EtcdServer } from "../../../server/etcd_server.ts";
import type { ServiceRegistry } from "../../service_registry.ts";
import { refusing } from "../calls.ts";
import type { CallerClient, UnaryMethod } from "./caller_client.ts";
import type { InnerServices } from "./inner_services.ts";
import { answerWith } from "./outcome.ts";

/** Does a request's work by other requests, in the caller's name. Undefined: the caller has gone. */
type Work<Request, Response> = (
  caller: CallerClient,
  request: Request,
) => Promise<Response | undefined>;

/** A service whose methods are composed of requests to other services of this member. */
export abstract class ComposedService {
  protected readonly server: EtcdServer;
  protected readonly services: InnerServices;

  constructor(server: EtcdServer, services: InnerServices) {
    this.server = server;
    this.services = services;
  }

  abstract register(registry: ServiceRegistry): void;

  protected addUnary<Request, Response>(
    registry: ServiceRegistry,
    { path, request, response }: UnaryMethod<Request, Response>,
    work: Work<Request, Response>,
  ): void {
    const handler = refusing((call, bytes, start, end) => {
      // The work outlives the bytes.
      const decoded = request.decode(bytes.slice(start, end));
      const caller = this.services.clientFor(call);
      answerWith(this.server, call, response, work(caller, decoded));
    });
    registry.addUnary(path, handler);
  }
}
