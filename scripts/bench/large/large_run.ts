import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerProcess } from "../../../tests/harness/server_process.ts";
import type { TargetName } from "../../../tests/harness/targets.ts";
import { note } from "../progress.ts";
import type { Measurement, Run } from "../round.ts";
import type { Row } from "../suite.ts";
import type { KeySpace } from "./key_space.ts";
import type { Target } from "./target.ts";

/** A row that has something to reach. */
export interface LargeRow extends Row {
  readonly isRate: false;
  readonly target?: Target;
}

export type LargeMeasurement = Measurement<LargeRun, LargeRow>;

/** One server, and the keys that it is loaded with. */
export class LargeRun implements Run {
  readonly target: TargetName;
  readonly server: ServerProcess;
  readonly keys: KeySpace;
  /** A folder on the disk of the data directory, for what a measurement writes itself. */
  readonly scratchDir = mkdtempSync(join(tmpdir(), "bench-large-"));

  constructor(server: ServerProcess, keys: KeySpace) {
    this.target = server.target;
    this.server = server;
    this.keys = keys;
  }

  /** Tells what explains a figure and is not part of the table. */
  note(text: string): void {
    note(`${this.target}: ${text}`);
  }

  logTail(): string {
    return this.server.logTail();
  }

  async end(): Promise<void> {
    await this.server.dispose();
    rmSync(this.scratchDir, { recursive: true });
  }
}
