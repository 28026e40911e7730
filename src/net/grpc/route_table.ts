import { GrpcMethod } from "./method.ts";
import type { MethodType } from "./method.ts";
import type { StreamHandler, UnaryHandler } from "./server_call.ts";

/** A method and what handles it: one of the two handlers is there. */
export class Route {
  readonly method: GrpcMethod;
  readonly unary: UnaryHandler | undefined;
  readonly stream: StreamHandler | undefined;

  constructor(
    method: GrpcMethod,
    unary: UnaryHandler | undefined,
    stream: StreamHandler | undefined,
  ) {
    this.method = method;
    this.unary = unary;
    this.stream = stream;
  }
}

/** The registered methods by path. */
export class RouteTable {
  readonly #routes = new Map<string, Route>();
  readonly #services = new Set<string>();
  #version = 0;

  /** Differs after every change: what was looked up before may be out of date. */
  get version(): number {
    return this.#version;
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#add(new Route(new GrpcMethod(path, "unary"), handler, undefined));
  }

  addStream(path: string, type: MethodType, handler: StreamHandler): void {
    this.#add(new Route(new GrpcMethod(path, type), undefined, handler));
  }

  find(path: string): Route | undefined {
    return this.#routes.get(path);
  }

  hasService(service: string): boolean {
    return this.#services.has(service);
  }

  methods(): GrpcMethod[] {
    return Array.from(this.#routes.values(), (route) => route.method);
  }

  #add(route: Route): void {
    if (this.#routes.has(route.method.path)) {
      throw new TypeError(`Cannot register method "${route.method.path}": it is registered`);
    }
    this.#routes.set(route.method.path, route);
    this.#services.add(route.method.service);
    this.#version++;
  }
}
