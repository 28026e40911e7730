import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../tests/harness/certificates.ts";
import { freePorts, ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { describeMachine, tableLines } from "./report.ts";
import type { LoadedServer } from "./request_rows.ts";
import { measureAll, type Measurement } from "./round.ts";
import { getMeasurement, putMeasurement, rate } from "./rows.ts";
import { ServerRun } from "./server_run.ts";
import { chooseByRows, type Recorder, type Results, type Suite } from "./suite.ts";

const MEASUREMENTS: readonly Measurement<ServerRun>[] = [
  putMeasurement(50, 10, [
    rate("tls-put-50x10", "put 256 B over TLS, 50 connections x 10 streams", "puts/s"),
    { id: "tls-put-cpu", title: "server CPU time, same puts", unit: "us/put", isRate: false },
  ]),
  putMeasurement(100, 1, [
    rate("tls-put-100x1", "put 256 B over TLS, 100 connections x 1 stream", "puts/s"),
  ]),
  getMeasurement(
    50,
    10,
    rate("tls-get-50x10", "linearizable get over TLS, 50 connections x 10 streams", "gets/s"),
  ),
  getMeasurement(
    100,
    1,
    rate("tls-get-100x1", "linearizable get over TLS, 100 connections x 1 stream", "gets/s"),
  ),
];

/** The requests of the standard suite over TLS; each run begins with its handshakes. */
export class TlsSuite implements Suite {
  readonly section = "bench-tls";
  readonly #measurements: readonly Measurement<ServerRun>[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#measurements = chooseByRows(MEASUREMENTS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    const [plainPort] = await freePorts(1);
    const run = new TlsRun(target, this.#seconds, plainPort);
    await measureAll(run, this.#measurements, record);
  }

  describe(rounds: number, versions: string): string {
    return `${describeMachine(versions)}, ECDSA P-256 certificate; median (lowest - highest) of ` +
      `${rounds} alternating rounds of ${this.#seconds} s a row, handshakes included; a ratio ` +
      "above 1 is in detcd's favour.";
  }

  tableLines(results: Results): string[][] {
    return tableLines(this.#measurements.flatMap((measurement) => measurement.rows), results);
  }
}

/** A server with TLS for the load, and without for the questions about it. */
class TlsRun extends ServerRun {
  readonly #plainPort: number;
  readonly #directory = mkdtempSync(join(tmpdir(), "bench-tls-"));

  constructor(target: TargetName, seconds: number, plainPort: number) {
    super(target, seconds);
    this.#plainPort = plainPort;
  }

  override async loadedServer(): Promise<LoadedServer> {
    const { clientUrl, pid } = await this.server();
    return { clientUrl, clientPort: this.#plainPort, pid };
  }

  override async end(): Promise<void> {
    await super.end();
    rmSync(this.#directory, { recursive: true });
  }

  protected override start(): Promise<ServerProcess> {
    const { cert, key } = new CertificateAuthority(this.#directory, "authority")
      .issue("server", { alternativeNames: "IP:127.0.0.1" });
    return ServerProcess.start(this.target, {
      schemes: ["https"],
      alsoListen: [`http://127.0.0.1:${this.#plainPort}`],
      flags: [`--cert-file=${cert}`, `--key-file=${key}`],
    });
  }
}
