import { Buffer } from "node:buffer";
import { assert } from "../../base/assert.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { HTTP2_LIMITS, type Http2Limits } from "../limits.ts";
import { BufferedBytes } from "./buffered_bytes.ts";
import { BufferPool } from "./buffer_pool.ts";
import { FlushQueue } from "./flush_queue.ts";
import type { Http2Handler } from "./handler.ts";
import type { PingRules } from "./ping_policy.ts";
import { DEFAULT_WINDOW_BYTES, FRAME_HEADER_BYTES, FrameType, SettingId } from "./protocol.ts";
import { ReadTurns } from "./read_turns.ts";
import { Sweeper } from "./sweeper.ts";

export interface Http2Options {
  readonly handler: Http2Handler;
  /** @default {4294967295} etcd's, which limits.maxStreams bounds */
  readonly maxConcurrentStreams?: number;
  /** How long a client must be silent to be pinged; 0: it is not. @default {7200000} */
  readonly keepAliveIntervalMs?: number;
  /** How long a pinged client may stay silent. @default {20000} */
  readonly keepAliveTimeoutMs?: number;
  /** How often a client may ping while it has streams. @default {5000} */
  readonly minClientPingIntervalMs?: number;
  readonly clock?: Clock;
  readonly limits?: Http2Limits;
  /**
   * Hears of an error that the handler or this code itself threw and that nobody expected. The
   * connection has been destroyed; without a listener the error ends the process.
   */
  readonly onDefect?: (error: unknown) => void;
}

/** What all connections of a server share. */
export class Http2Context {
  readonly handler: Http2Handler;
  readonly limits: Http2Limits;
  readonly onDefect: ((error: unknown) => void) | undefined;
  readonly clock: Clock;
  readonly maxStreams: number;
  readonly keepAliveIntervalMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly pingRules: PingRules;
  readonly pool: BufferPool;
  readonly flushQueue = new FlushQueue();
  readonly budget: BufferedBytes;
  readonly sweeper: Sweeper;
  readonly readTurns: ReadTurns;
  /** The frames that each connection begins with. */
  readonly greeting: Uint8Array;

  constructor(options: Http2Options) {
    const limits = options.limits ?? HTTP2_LIMITS;
    assert(
      limits.connectionWindowBytes > DEFAULT_WINDOW_BYTES,
      "the window of a connection can only be enlarged",
    );
    this.handler = options.handler;
    this.onDefect = options.onDefect;
    this.limits = limits;
    this.clock = options.clock ?? systemClock;
    this.maxStreams = Math.min(options.maxConcurrentStreams ?? Infinity, limits.maxStreams);
    this.keepAliveIntervalMs = (options.keepAliveIntervalMs ?? 2 * 60 * 60 * 1000) || Infinity;
    this.keepAliveTimeoutMs = options.keepAliveTimeoutMs ?? 20_000;
    this.pingRules = {
      minIntervalMs: options.minClientPingIntervalMs ?? 5_000,
      minIdleIntervalMs: limits.minIdlePingIntervalMs,
      maxStrikes: limits.maxPingStrikes,
    };
    this.pool = new BufferPool(limits.maxPooledBytes);
    this.budget = new BufferedBytes(limits);
    this.sweeper = new Sweeper(this.clock, limits.sweepIntervalMs);
    this.readTurns = new ReadTurns(this.clock, limits.readTurnMs);
    this.greeting = encodeGreeting(limits, this.maxStreams);
  }
}

function encodeGreeting(limits: Http2Limits, maxStreams: number): Uint8Array {
  const settings: readonly (readonly [number, number])[] = [
    [SettingId.HEADER_TABLE_SIZE, limits.headerTableBytes],
    [SettingId.MAX_CONCURRENT_STREAMS, maxStreams],
    [SettingId.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
    [SettingId.MAX_FRAME_SIZE, limits.maxFrameBytes],
    [SettingId.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
  ];
  const settingsBytes = settings.length * 6;
  const bytes = Buffer.alloc(2 * FRAME_HEADER_BYTES + settingsBytes + 4);
  bytes[2] = settingsBytes;
  bytes[3] = FrameType.SETTINGS;
  let offset = FRAME_HEADER_BYTES;
  for (const [id, value] of settings) {
    bytes.writeUInt16BE(id, offset);
    bytes.writeUInt32BE(value, offset + 2);
    offset += 6;
  }
  bytes[offset + 2] = 4;
  bytes[offset + 3] = FrameType.WINDOW_UPDATE;
  offset += FRAME_HEADER_BYTES;
  bytes.writeUInt32BE(limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES, offset);
  return bytes;
}
