import { GrpcClient } from "../../tests/harness/grpc_client.ts";
import { ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { bytesFromText } from "../../src/base/bytes.ts";
import { Permission, PermissionType } from "../../src/pb/authpb.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../src/pb/services.ts";
import { runH2load } from "./h2load.ts";
import { cpuSeconds } from "./process_figures.ts";
import { note, showProgress } from "./progress.ts";
import { describeMachine, figuresCell, figuresOf, ratioCell } from "./report.ts";
import { KEY, PUT_PATH, putMessage, RANGE_PATH } from "./request_rows.ts";
import { median } from "./statistics.ts";
import { chooseByRows, type Recorder, type Results, type Row, type Suite } from "./suite.ts";
import { encode } from "./wire.ts";

const CONNECTIONS = 50;
const STREAMS_EACH = 10;
/** Enough for the server's code to be compiled, before anything is counted. */
const WARM_UP_REQUESTS = 60_000;
/** How often each state is measured in a round; the states take turns. */
const TURNS = 2;

const [ROOT, USER, ROLE, PASSWORD] = ["root", "loader", "bench", "bench"];

/** What is asked, without authentication and with it. */
interface Measurement {
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

const MEASUREMENTS: readonly Measurement[] = [
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
  readonly #measurements: readonly Measurement[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#measurements = chooseByRows(MEASUREMENTS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    const server = await ServerProcess.start(target);
    const users = new Users(server);
    try {
      await users.create();
      for (const measurement of this.#measurements) {
        await this.#load(server, measurement, WARM_UP_REQUESTS, []);
        for (let turn = 0; turn < TURNS; turn++) {
          for (const row of measurement.rows) {
            showProgress(`${target}: ${row.title}`);
            const isOn = row === measurement.rows[1];
            const metadata = isOn ? [`token: ${await users.enable()}`] : [];
            record(row, await this.#measure(server, measurement, metadata));
            if (isOn) await users.disable();
          }
        }
      }
    } catch (error) {
      note(`${target} failed; its log ends:\n${server.logTail()}`);
      throw error;
    } finally {
      await users.close();
      await server.dispose();
    }
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}; ${CONNECTIONS} connections x ${STREAMS_EACH} streams; ` +
      `median (lowest - highest) of ${rounds} alternating rounds of ${TURNS} turns each.`;
  }

  tableLines(results: Results): string[][] {
    const lines = [["what", "unit", "etcd", "detcd", "with / without, etcd", "detcd"]];
    for (const { rows: [off, on] } of this.#measurements) {
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

  /** Microseconds of processor time a request. */
  async #measure(
    server: ServerProcess,
    measurement: Measurement,
    metadata: readonly string[],
  ): Promise<number> {
    const speed = measurement.requestsPerSecond[server.target === "detcd" ? "detcd" : "etcd"];
    const requests = Math.round(speed * this.#seconds);
    const cpuBefore = cpuSeconds(server.pid);
    await this.#load(server, measurement, requests, metadata);
    return (cpuSeconds(server.pid) - cpuBefore) * 1e6 / requests;
  }

  async #load(
    server: ServerProcess,
    { path, message }: Measurement,
    requests: number,
    metadata: readonly string[],
  ): Promise<void> {
    const shape = { connections: CONNECTIONS, streamsEach: STREAMS_EACH };
    const serverUrl = `http://${server.endpoint}`;
    const { dataBytes } = await runH2load({
      ...shape,
      serverUrl,
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

/** The users of a server: root, and one with some permissions. */
class Users {
  readonly #client: GrpcClient;

  constructor(server: ServerProcess) {
    this.#client = new GrpcClient(server.endpoint);
  }

  async create(): Promise<void> {
    const value = bytesFromText("x");
    await this.#client.call(KV_SERVICE.put, { key: KEY, value });
    await this.#client.call(AUTH_SERVICE.roleAdd, { name: ROLE });
    for (const key of ["a", KEY, "z"]) await this.#grant(key);
    for (const name of [ROOT, USER]) {
      await this.#client.call(AUTH_SERVICE.userAdd, { name, password: PASSWORD });
    }
    await this.#client.call(AUTH_SERVICE.userGrantRole, { user: ROOT, role: ROOT });
    await this.#client.call(AUTH_SERVICE.userGrantRole, { user: USER, role: ROLE });
  }

  /** Switches authentication on; returns the token of the user. */
  async enable(): Promise<string> {
    await this.#client.call(AUTH_SERVICE.authEnable);
    return await this.#tokenOf(USER);
  }

  async disable(): Promise<void> {
    const token = await this.#tokenOf(ROOT);
    await this.#client.call(AUTH_SERVICE.authDisable, {}, { metadata: { token } });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #grant(key: string): Promise<void> {
    const perm = Permission.create({ permType: PermissionType.READWRITE, key });
    await this.#client.call(AUTH_SERVICE.roleGrantPermission, { name: ROLE, perm });
  }

  async #tokenOf(name: string): Promise<string> {
    const request = { name, password: PASSWORD };
    return (await this.#client.call(AUTH_SERVICE.authenticate, request)).token;
  }
}
