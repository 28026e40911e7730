import { ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { BenchUsers } from "./bench_users.ts";
import { runH2load } from "./h2load.ts";
import { PUT_PATH, RANGE_PATH } from "./paths.ts";
import { cpuSeconds } from "./process_figures.ts";
import { describeMachine, figuresCell, figuresOf, ratioCell } from "./report.ts";
import { KEY, putMessage } from "./request_rows.ts";
import { measureAll, type Measurement, type Run } from "./round.ts";
import { median } from "./statistics.ts";
import { chooseByRows, type Recorder, type Results, type Row, type Suite } from "./suite.ts";
import { encode } from "./wire.ts";

const CONNECTIONS = 50;
const STREAMS_EACH = 10;
/** Enough for the server's code to be compiled, before anything is counted. */
const WARM_UP_REQUESTS = 60_000;
/** How often each state is measured in a round; the states take turns. */
const TURNS = 2;

/** What is asked, without authentication and with it. */
interface Question {
  readonly rows: readonly [off: Row, on: Row];
  readonly path: string;
  readonly message: Uint8Array;
  /** How many requests a server is given for each second that the row may take. */
  readonly requestsPerSecond: Readonly<Record<"etcd" | "detcd", number>>;
}

function rowsOf(id: string, request: string): readonly [Row, Row] {
  const row = { unit: "us", isRate: false };
  return [
    { ...row, id: `auth-${id}-off`, title: `server CPU time of a ${request}, no authentication` },
    { ...row, id: `auth-${id}-on`, title: "the same, by a user with a token" },
  ];
}

const QUESTIONS: readonly Question[] = [
  {
    rows: rowsOf("put", "put"),
    path: PUT_PATH,
    message: putMessage(),
    requestsPerSecond: { etcd: 10_000, detcd: 50_000 },
  },
  {
    rows: rowsOf("get", "linearizable get"),
    path: RANGE_PATH,
    message: encode([[1, KEY]]),
    requestsPerSecond: { etcd: 10_000, detcd: 150_000 },
  },
];

/** What authentication costs: the same requests with it and without it, in turns on one server. */
export class AuthSuite implements Suite {
  readonly section = "bench-auth";
  readonly #questions: readonly Question[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#questions = chooseByRows(QUESTIONS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    const run = new AuthRun(await ServerProcess.start(target), this.#seconds);
    await measureAll(run, [CREATE_USERS, ...this.#questions.flatMap(turnsOf)], record);
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}; ${CONNECTIONS} connections x ${STREAMS_EACH} streams; ` +
      `median (lowest - highest) of ${rounds} alternating rounds of ${TURNS} turns each.`;
  }

  tableLines(results: Results): string[][] {
    const lines = [["what", "unit", "etcd", "detcd", "with / without, etcd", "detcd"]];
    for (const { rows: [off, on] } of this.#questions) {
      for (const row of [off, on]) {
        const cells = TARGETS.map((target) => figuresCell(figuresOf(results, row, target)));
        const ratios = TARGETS.map((target) =>
          row === on ? costCell(results, off, on, target) : ""
        );
        lines.push([row.title, row.unit, ...cells, ...ratios]);
      }
    }
    return lines;
  }
}

const CREATE_USERS: Measurement<AuthRun> = {
  rows: [],
  measure: async (run) => {
    await run.users.create();
    return [];
  },
};

/** A question is asked without authentication and with it in turns, behind a warm-up. */
function turnsOf(question: Question): Measurement<AuthRun>[] {
  const [off, on] = question.rows;
  const turn: Measurement<AuthRun>[] = [
    { rows: [off], measure: async (run) => [await run.cpuMicros(question)] },
    { rows: [on], measure: async (run) => [await run.cpuMicrosOfUser(question)] },
  ];
  const warmUp: Measurement<AuthRun> = {
    rows: [],
    measure: async (run) => {
      await run.load(question, WARM_UP_REQUESTS, []);
      return [];
    },
  };
  return [warmUp, ...Array.from({ length: TURNS }, () => turn).flat()];
}

class AuthRun implements Run {
  readonly target: TargetName;
  readonly users: BenchUsers;
  readonly #server: ServerProcess;
  readonly #seconds: number;

  constructor(server: ServerProcess, seconds: number) {
    this.target = server.target;
    this.users = new BenchUsers(server);
    this.#server = server;
    this.#seconds = seconds;
  }

  logTail(): string {
    return this.#server.logTail();
  }

  async end(): Promise<void> {
    await this.users.close();
    await this.#server.dispose();
  }

  /** Authentication is on for as long as it takes. */
  async cpuMicrosOfUser(question: Question): Promise<number> {
    const token = await this.users.enable();
    const micros = await this.cpuMicros(question, [`token: ${token}`]);
    await this.users.disable();
    return micros;
  }

  /** Microseconds of processor time a request. */
  async cpuMicros(question: Question, metadata: readonly string[] = []): Promise<number> {
    const speed = question.requestsPerSecond[this.target === "detcd" ? "detcd" : "etcd"];
    const requests = Math.round(speed * this.#seconds);
    const cpuBefore = cpuSeconds(this.#server.pid);
    await this.load(question, requests, metadata);
    return (cpuSeconds(this.#server.pid) - cpuBefore) * 1e6 / requests;
  }

  async load(
    { path, message }: Question,
    requests: number,
    metadata: readonly string[],
  ): Promise<void> {
    const { dataBytes } = await runH2load({
      connections: CONNECTIONS,
      streamsEach: STREAMS_EACH,
      serverUrl: `http://${this.#server.endpoint}`,
      path,
      message,
      requests,
      metadata,
    });
    // A refused request is answered without a message, and h2load does not read its status.
    if (dataBytes < requests) throw new Error(`${requests} requests brought ${dataBytes} bytes`);
  }
}

const TARGETS: readonly TargetName[] = ["etcd", "detcd"];

function costCell(results: Results, off: Row, on: Row, target: TargetName): string {
  const without = median(figuresOf(results, off, target));
  return ratioCell(median(figuresOf(results, on, target)) / without);
}
