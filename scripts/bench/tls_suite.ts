import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority, type CertificateFiles } from "../../tests/harness/certificates.ts";
import { freePorts, ServerProcess } from "../../tests/harness/server_process.ts";
import type { TargetName } from "../../tests/harness/targets.ts";
import { note, showProgress } from "./progress.ts";
import { describeMachine, tableLines } from "./report.ts";
import type { LoadedServer } from "./request_rows.ts";
import { getMeasurement, putMeasurement, rate, type RequestMeasurement } from "./rows.ts";
import { chooseByRows, type Recorder, type Results, type Suite } from "./suite.ts";

const MEASUREMENTS: readonly RequestMeasurement[] = [
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
  readonly #measurements: readonly RequestMeasurement[];
  readonly #seconds: number;

  constructor(only: readonly string[], seconds: number) {
    this.#measurements = chooseByRows(MEASUREMENTS, only);
    this.#seconds = seconds;
  }

  async measureRound(target: TargetName, record: Recorder): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "bench-tls-"));
    const certificate = new CertificateAuthority(directory, "authority")
      .issue("server", { alternativeNames: "IP:127.0.0.1" });
    let server: ServerProcess | undefined;
    try {
      const [plainPort] = await freePorts(1);
      server = await startWithTls(target, certificate, plainPort);
      const { clientUrl, pid } = server;
      const loaded: LoadedServer = { clientUrl, clientPort: plainPort, pid };
      for (const { rows, onServer } of this.#measurements) {
        showProgress(`${target}: ${rows[0].title}`);
        const figures = await onServer(loaded, this.#seconds);
        rows.forEach((row, i) => record(row, figures[i]));
      }
    } catch (error) {
      note(`${target} failed; its log ends:\n${server?.logTail() ?? ""}`);
      throw error;
    } finally {
      await server?.dispose();
      rmSync(directory, { recursive: true });
    }
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

/** With TLS for the load, and without for the questions about it. */
function startWithTls(
  target: TargetName,
  { cert, key }: CertificateFiles,
  plainPort: number,
): Promise<ServerProcess> {
  return ServerProcess.start(target, {
    schemes: ["https"],
    alsoListen: [`http://127.0.0.1:${plainPort}`],
    flags: [`--cert-file=${cert}`, `--key-file=${key}`],
  });
}
