import type { Clock } from "../../base/clock.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { GrpcServer } from "../../net/grpc/server.ts";
import { JsonText } from "../../pb/json/json_text.ts";
import { Writer } from "../../pb/writer.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import { GatewayError } from "./status.ts";

/** What all calls through the gateway share. */
export class GatewayShared {
  readonly grpc: GrpcServer;
  readonly clock: Clock;
  /** For a message on its way to its handler, which does not keep it. */
  readonly writer = new Writer();
  /** For a response on its way to its exchange, which does not keep it either. */
  readonly text = new JsonText();
  readonly #maxMessageBytes: number;
  #unfinishedBytes = 0;

  constructor(grpc: GrpcServer, clock: Clock, maxMessageBytes: number) {
    this.grpc = grpc;
    this.clock = clock;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bodies that are held until they are whole. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** The longest body of a single request. */
  get maxBodyBytes(): number {
    return Math.ceil(this.#maxMessageBytes * 4 / 3) + GATEWAY_LIMITS.structureBytes;
  }

  /** Counts text of which `sizeBytes` of `maxBytes` are there; throws if that is too much. */
  grow(sizeBytes: number, maxBytes: number, grownBytes: number): void {
    if (sizeBytes > maxBytes) {
      const text = `grpc: received message larger than max (${sizeBytes} vs. ${maxBytes})`;
      throw new GatewayError(GrpcCode.ResourceExhausted, text);
    }
    if (this.#unfinishedBytes + grownBytes > GATEWAY_LIMITS.maxUnfinishedBytes) {
      throw new GatewayError(GrpcCode.ResourceExhausted, "grpc: too many unfinished messages");
    }
    this.#unfinishedBytes += grownBytes;
  }

  shrink(sizeBytes: number): void {
    this.#unfinishedBytes -= sizeBytes;
  }
}
