import { GrpcClient } from "../harness/grpc_client.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "../harness/targets.ts";
import { type Answer, ask, assertSameAnswer, type Question, revisionOfAnswer } from "./question.ts";

/** How detcd is ended: with time to write everything, or without. */
export type EndOfProcess = "SIGTERM" | "SIGKILL";

/** Questions that wait for their answers at the same time, where order does not matter. */
const MAX_OPEN_QUESTIONS = 64;
/** Short elections make short starts. */
const FLAGS: readonly string[] = ["--heartbeat-interval=20", "--election-timeout=200"];

/** A server and the connection to it. */
class Side {
  readonly server: ServerProcess;
  #client: GrpcClient;

  private constructor(server: ServerProcess) {
    this.server = server;
    this.#client = new GrpcClient(server.endpoint);
  }

  static async start(target: TargetName, flags: readonly string[]): Promise<Side> {
    return new Side(await ServerProcess.start(target, { flags: [...FLAGS, ...flags] }));
  }

  get client(): GrpcClient {
    return this.#client;
  }

  /** Ends the process and starts it on what it left behind. */
  async restart(end: EndOfProcess): Promise<void> {
    await this.stop(end);
    await this.server.restart();
    this.#client = new GrpcClient(this.server.endpoint);
  }

  async stop(end: EndOfProcess = "SIGTERM"): Promise<void> {
    await this.#client.close();
    if (end === "SIGKILL") await this.server.kill();
    else await this.server.stop();
  }

  async dispose(): Promise<void> {
    await this.#client.close();
    await this.server.dispose();
  }
}

/** Real etcd and detcd, which are asked the same and must answer the same. */
export class ServerPair {
  readonly etcd: Side;
  readonly detcd: Side;
  /** The newest revision that etcd told of. */
  revision = 1;

  constructor(etcd: Side, detcd: Side) {
    this.etcd = etcd;
    this.detcd = detcd;
  }

  /** Asks both; fails, saying at what point of the test, unless they agree. */
  async same(asked: Question, at: string): Promise<Answer> {
    const [first, second] = await Promise.all([
      ask(this.etcd.client, asked),
      ask(this.detcd.client, asked),
    ]);
    assertSameAnswer(asked, first, second, at);
    this.revision = Math.max(this.revision, revisionOfAnswer(first));
    return first;
  }

  /** The same for many questions that change nothing, in any order. */
  async allSame(questions: readonly Question[], at: string): Promise<void> {
    for (let i = 0; i < questions.length; i += MAX_OPEN_QUESTIONS) {
      const some = questions.slice(i, i + MAX_OPEN_QUESTIONS);
      await Promise.all(some.map((asked) => this.same(asked, at)));
    }
  }
}

/** Starts both on empty folders, lets them be used, and removes what they wrote. */
export async function withServerPair(
  detcdFlags: readonly string[],
  use: (pair: ServerPair) => Promise<void>,
): Promise<void> {
  const started = await Promise.allSettled([
    Side.start("etcd", []),
    Side.start("detcd", detcdFlags),
  ]);
  try {
    const [etcd, detcd] = started.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    await use(new ServerPair(etcd, detcd)).catch((error) => {
      console.error(`the end of detcd's log:\n${detcd.server.logTail(12)}`);
      throw error;
    });
  } finally {
    for (const result of started) {
      if (result.status === "fulfilled") await result.value.dispose();
    }
  }
}

/** Registers a test that needs both servers, or an ignored one that says which is missing. */
export function testPair(name: string, body: () => Promise<void>): void {
  const reason = TARGET_NAMES.map(whyMissing).find((why) => why !== undefined);
  if (reason === undefined) Deno.test(name, body);
  else Deno.test({ name: `${name} - not run: ${reason}`, ignore: true, fn() {} });
}
