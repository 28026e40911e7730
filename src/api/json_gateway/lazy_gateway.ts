import { GrpcCode } from "../../base/grpc_code.ts";
import { LoadedOnce } from "../../base/loaded_once.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import type { GatewayHandler } from "../http/http_api.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { respondError } from "./status.ts";

/**
 * A gateway whose code is loaded for its first request: most servers never get one. Where that
 * fails, as when the files of the program were replaced meanwhile, it costs only the request.
 */
export function lazyGateway(
  load: () => Promise<Gateway>,
  onDefect: (error: unknown) => void,
): GatewayHandler {
  const loading = new LoadedOnce(load);
  let gateway: Gateway | undefined;
  return (exchange, path) => {
    if (gateway !== undefined) return gateway.handle(exchange, path);
    const early = new EarlyEvents(exchange);
    loading.get().then(
      (loaded) => {
        gateway = loaded;
        early.replay(() => loaded.handle(exchange, path));
      },
      (error) => early.replay(() => refuse(exchange, error)),
    ).catch(onDefect);
  };
}

/** Loads the gateway's code and makes one. */
export async function loadGateway(options: GatewayOptions): Promise<Gateway> {
  const { Gateway } = await import("./gateway.ts");
  return new Gateway(options);
}

function refuse(exchange: HttpExchange, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const text = `the JSON gateway cannot be loaded: ${reason}. Restart the server`;
  respondError(exchange, GrpcCode.Internal, text);
}

/** Keeps what an exchange says until somebody listens. */
class EarlyEvents implements ExchangeListener {
  readonly #exchange: HttpExchange;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
    exchange.listener = this;
    exchange.pause();
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.#chunks.push(bytes.slice(start, end));
  }

  end(): void {
    this.#ended = true;
  }

  closed(): void {}

  drained(): void {}

  /** `handle` sets the listener that gets what was kept. */
  replay(handle: () => void): void {
    const exchange = this.#exchange;
    exchange.listener = undefined;
    if (exchange.finished) return;
    handle();
    for (const chunk of this.#chunks) listenerOf(exchange)?.data(chunk, 0, chunk.length);
    if (this.#ended) listenerOf(exchange)?.end();
    exchange.resume();
  }
}

/** Nobody hears of an exchange that has finished. */
function listenerOf(exchange: HttpExchange): ExchangeListener | undefined {
  return exchange.finished ? undefined : exchange.listener;
}
