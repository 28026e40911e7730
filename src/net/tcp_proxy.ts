import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock, Timer } from "../base/clock.ts";
import { joinHostPort } from "../base/host_port.ts";
import type { Logger } from "../base/log.ts";
import type { Prng } from "../base/prng.ts";
import { GATEWAY_LIMITS } from "./limits.ts";

/** A server that connections are passed on to, as an SRV record describes it. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
  /** Those with the lowest number get all connections while one of them answers. */
  readonly priority: number;
  /** The share among those of the same priority; if all are 0 they take turns. */
  readonly weight: number;
}

/** How connections are passed on. */
interface TcpProxyOptions {
  readonly targets: readonly ProxyTarget[];
  /** A target that did not answer is tried again after this time. */
  readonly retryDelayMs: number;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
}

interface Remote {
  readonly target: ProxyTarget;
  readonly address: string;
  isActive: boolean;
}

/** Passes TCP connections on, without looking at what is in them. */
export class TcpProxy {
  readonly #options: TcpProxyOptions;
  readonly #remotes: readonly Remote[];
  readonly #server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    this.#serve(socket).catch((error) => this.#fail(socket, error));
  });
  readonly #sockets = new Set<Socket>();
  #pickCount = 0;
  #timer: Timer | undefined;

  constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#remotes = options.targets.map((target) => ({
      target,
      address: joinHostPort(target.host, String(target.port)),
      isActive: true,
    }));
  }

  /** Rejects when the address cannot be listened on; resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#scheduleRetry();
    this.#options.logger.info("ready to proxy client requests", {
      endpoints: this.#remotes.map(({ address }) => address),
    });
    const address = this.#server.address();
    return address === null || typeof address === "string" ? port : address.port;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(incoming: Socket): Promise<void> {
    this.#hold(incoming);
    // Nothing is read until there is somebody to pass it on to.
    incoming.pause();
    const outgoing = await this.#dialOne();
    if (outgoing === undefined || incoming.destroyed) {
      incoming.destroy();
      outgoing?.destroy();
      return;
    }
    this.#hold(outgoing);
    join(incoming, outgoing);
    join(outgoing, incoming);
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #fail(socket: Socket, error: unknown): void {
    this.#options.logger.warn("a connection could not be passed on", { error });
    socket.destroy();
  }

  /** Connects to the first target that answers; undefined when none does. */
  async #dialOne(): Promise<Socket | undefined> {
    for (let remote = this.#pick(); remote !== undefined; remote = this.#pick()) {
      try {
        return await dial(remote.target);
      } catch (error) {
        remote.isActive = false;
        this.#options.logger.warn("deactivated endpoint", {
          address: remote.address,
          "interval-ms": this.#options.retryDelayMs,
          error,
        });
      }
    }
    return undefined;
  }

  #pick(): Remote | undefined {
    const active = this.#remotes.filter(({ isActive }) => isActive);
    const priority = Math.min(...active.map(({ target }) => target.priority));
    const best = active.filter(({ target }) => target.priority === priority);
    const weighted = best.filter(({ target }) => target.weight > 0);
    const unweighted = best.filter(({ target }) => target.weight === 0);
    if (weighted.length === 0) return this.#next(unweighted);
    // Where others have weights, a weight of 0 is a very small share.
    const isRare = this.#options.prng.chance(GATEWAY_LIMITS.unweightedShare);
    if (unweighted.length > 0 && isRare) return this.#next(unweighted);
    return this.#byWeight(weighted);
  }

  #next(remotes: readonly Remote[]): Remote | undefined {
    return remotes.length === 0 ? undefined : remotes[this.#pickCount++ % remotes.length];
  }

  #byWeight(remotes: readonly Remote[]): Remote {
    const sum = remotes.reduce((total, { target }) => total + target.weight, 0);
    let chosen = this.#options.prng.between(1, sum);
    const found = remotes.find(({ target }) => (chosen -= target.weight) <= 0);
    return found ?? remotes[0];
  }

  #scheduleRetry(): void {
    this.#timer = this.#options.clock.setTimer(this.#options.retryDelayMs, () => {
      const retries = this.#remotes.filter(({ isActive }) => !isActive)
        .map((remote) => this.#retry(remote));
      Promise.all(retries).then(() => {
        if (this.#timer !== undefined) this.#scheduleRetry();
      });
    });
  }

  async #retry(remote: Remote): Promise<void> {
    const { address } = remote;
    try {
      (await dial(remote.target)).destroy();
      remote.isActive = true;
      this.#options.logger.info("activated", { address });
    } catch (error) {
      this.#options.logger.warn(
        "failed to activate endpoint (stay inactive for another interval)",
        { address, "interval-ms": this.#options.retryDelayMs, error },
      );
    }
  }
}

/** Passes on what comes from one socket, and its end. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once("close", () => {
    if (!to.writableEnded) to.destroy();
  });
}

function dial({ host, port }: ProxyTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    const timer = setTimeout(() => {
      socket.destroy(new Error("no answer in time"));
    }, GATEWAY_LIMITS.dialTimeoutMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}
