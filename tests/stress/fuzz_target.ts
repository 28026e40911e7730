import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes } from "../../src/base/bytes.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { PutRequest } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../src/pb/services.ts";
import { httpRequest } from "../harness/http1.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { heldBy, metricsOf, untilOnly } from "./held.ts";
import { Http2Session, message, openSocket } from "./http2_session.ts";

const CONNECTIONS_AT_A_TIME = 32;
const BATCH = 500;
const PATIENCE_MS = 10_000;
/** An idle server takes about 100 MB; garbage that is not collected yet comes on top. */
const MAX_RESIDENT_BYTES = 500_000_000;

/** What a client sends on one connection, cut into the pieces in which it sends it. */
export type Input = readonly Uint8Array[];

/** A server in a process of its own that gets what no decent client sends. */
export class FuzzTarget {
  readonly server: ServerProcess;

  private constructor(server: ServerProcess) {
    this.server = server;
  }

  static async start(): Promise<FuzzTarget> {
    return new FuzzTarget(await ServerProcess.start("detcd"));
  }

  get port(): number {
    return this.server.clientPort;
  }

  async stop(): Promise<void> {
    await this.server.dispose();
  }

  /**
   * Sends the inputs of all seeds, each on its own connection, hangs up, and hands what came back
   * to `look`. Looks in between, and at last, whether the server is well.
   */
  async feed(
    seeds: { readonly first: number; readonly count: number },
    inputOf: (seed: number) => Input,
    look: (answer: Buffer, seed: number) => void,
  ): Promise<void> {
    const before = await heldBy(this.port);
    const end = seeds.first + seeds.count;
    for (let first = seeds.first; first < end; first += BATCH) {
      const batchEnd = Math.min(first + BATCH, end);
      let next = first;
      try {
        await Promise.all(Array.from({ length: CONNECTIONS_AT_A_TIME }, async () => {
          while (next < batchEnd) {
            const seed = next++;
            look(await this.#converse(inputOf(seed), seed), seed);
          }
        }));
        await this.check();
      } catch (error) {
        const inputs = new Map<number, Input>();
        for (let seed = first; seed < batchEnd; seed++) inputs.set(seed, inputOf(seed));
        throw this.#failure(inputs, error);
      }
    }
    await untilOnly(this.port, before);
  }

  /** Whether the server serves both protocols, holds its memory and has nothing to regret. */
  async check(): Promise<void> {
    const { status } = await httpRequest(this.port, "/health");
    assert.equal(status, 200, "it is healthy");
    const session = await Http2Session.open(this.port);
    const put = PutRequest.encode(PutRequest.create({ key: "alive" }));
    const answer = session.request(KV_SERVICE.put.path, { body: message(put) });
    await session.untilAllOver();
    await session.close();
    assert.equal(answer.grpcStatus, GrpcCode.OK, "it takes puts");
    const residentBytes = (await metricsOf(this.port)).get("process_resident_memory_bytes") ?? 0;
    assert.ok(residentBytes < MAX_RESIDENT_BYTES, `it takes ${residentBytes} bytes`);
    assert.doesNotMatch(this.server.logTail(100), /"level":"(error|panic|fatal)"|^error:/m);
  }

  /** Returns everything that the server says until it closes the connection. */
  async #converse(input: Input, seed: number): Promise<Buffer> {
    const socket = await openSocket(this.port);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // The server may close while there is still something to send to it.
    socket.on("error", () => {});
    const closed = closeOf(socket, seed);
    for (const piece of input) {
      await new Promise((resolve) => socket.write(piece, resolve));
    }
    socket.end();
    await closed;
    return Buffer.concat(chunks);
  }

  /** The inputs are kept in files, since what they are made from need not be the same next time. */
  #failure(inputs: ReadonlyMap<number, Input>, cause: unknown): Error {
    const folder = mkdtempSync(join(tmpdir(), "detcd-fuzz-"));
    for (const [seed, input] of inputs) {
      writeFileSync(join(folder, String(seed)), concatBytes(input));
    }
    const state = this.server.isRunning ? "lives" : "has ended";
    const text = `the server, which ${state}, was given the files in ${folder}; its log ends:\n`;
    return new Error(text + this.server.logTail(30), { cause });
  }
}

async function closeOf(socket: Socket, seed: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await new Promise<void>((resolve, reject) => {
    socket.once("close", () => resolve());
    timer = setTimeout(() => {
      reject(new Error(`the server does not close the connection of seed ${seed}`));
      socket.destroy();
    }, PATIENCE_MS);
  }).finally(() => clearTimeout(timer));
}
