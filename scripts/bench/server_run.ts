import { ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import type { LoadedServer } from "./request_rows.ts";
import type { Run } from "./round.ts";

/** A run on a server that is started when the first measurement asks for it. */
export class ServerRun implements Run {
  readonly target: TargetName;
  /** The time that a row may take. */
  readonly seconds: number;
  #server: ServerProcess | undefined;

  constructor(target: TargetName, seconds: number) {
    this.target = target;
    this.seconds = seconds;
  }

  async server(): Promise<ServerProcess> {
    this.#server ??= await this.start();
    return this.#server;
  }

  /** The server as those see it who only send requests. */
  loadedServer(): Promise<LoadedServer> {
    return this.server();
  }

  logTail(): string {
    return this.#server?.logTail() ?? "";
  }

  async end(): Promise<void> {
    await this.#server?.dispose();
  }

  protected start(): Promise<ServerProcess> {
    return ServerProcess.start(this.target);
  }
}
