import { connect, createServer, type Server, type Socket } from "node:net";

/** How a connection is cut. */
type Cut = "reset" | "end";

/** A TCP proxy in front of a server that a test can cut, stop and let go on. */
export class CuttingProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #server: Server;
  #port = 0;
  /** Connections so far. */
  connectionCount = 0;
  /** What came from the server so far. */
  passedBytes = 0;
  /** Called when something comes from the server, before it goes on. */
  onServerData: (() => void) | undefined;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = this.#newServer();
  }

  static async start(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort);
    await proxy.#listen(0);
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Cuts all connections; new ones are taken. */
  cut(how: Cut = "reset"): void {
    for (const [client, server] of this.#pairs) {
      if (how === "reset") client.resetAndDestroy();
      else client.end();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Passes nothing on any more, without telling anybody: a cable pulled out. */
  freeze(): void {
    for (const [client, server] of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Keeps the server's answers for itself. */
  holdAnswers(): void {
    for (const [, server] of this.#pairs) server.pause();
  }

  /** Cuts all connections and refuses new ones. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }

  /** Takes connections again after `refuse()`, on the same port. */
  async accept(): Promise<void> {
    this.#server = this.#newServer();
    await this.#listen(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #newServer(): Server {
    return createServer((client) => this.#join(client));
  }

  #join(client: Socket): void {
    this.connectionCount++;
    const server = connect(this.#targetPort, "127.0.0.1");
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    server.on("data", (chunk) => {
      this.passedBytes += chunk.length;
      this.onServerData?.();
    });
    client.pipe(server);
    server.pipe(client);
    for (const [one, other] of [pair, [server, client]]) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port given");
    this.#port = address.port;
  }
}
