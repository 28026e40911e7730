import { createHash } from "node:crypto";
import { bytesEqual } from "../../../base/bytes.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import type { SnapshotResponse } from "../../../pb/etcdserverpb.ts";
import { ClientError } from "../client_error.ts";
import type { ClientSession } from "../client_session.ts";
import { SnapshotFeed } from "./snapshot_feed.ts";
import type { CallOptions } from "../transport/transport.ts";

/** How many bytes the checksum at the end of a backup takes. */
const SHA256_BYTES = 32;

/**
 * A backup of one member while it comes: an async iterator of pieces. One behind the other they are
 * the file that `detcd utl snapshot restore` and etcd's own tools restore: an image of the member's
 * database at one moment, and its SHA-256. What comes is checked: the loop throws a
 * {@linkcode ClientError} with code DataLoss when the backup was cut short or damaged on its way.
 * Leaving the loop ends the call.
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * await client.put("users/1", "Ada");
 *
 * await using snapshot = await client.snapshot();
 * let sizeBytes = 0;
 * for await (const piece of snapshot) sizeBytes += piece.length; // such as file.write(piece)
 * if (sizeBytes !== snapshot.sizeBytes) throw new Error("not all of it came");
 * ```
 */
export class Snapshot implements AsyncIterableIterator<Uint8Array, undefined>, AsyncDisposable {
  /** The version of etcd's storage format; empty if the member presents an etcd before 3.6. */
  readonly version: string;
  /** How many bytes the whole file has. */
  readonly sizeBytes: number;
  readonly #feed: SnapshotFeed;
  readonly #hash = createHash("sha256");
  /** What the first call of `next` returns. */
  #first: SnapshotResponse | undefined;
  #receivedBytes = 0;
  #isDone = false;

  /** Use {@linkcode Client.snapshot}. */
  constructor(feed: SnapshotFeed, first: SnapshotResponse) {
    this.#feed = feed;
    this.#first = first;
    this.version = first.version;
    this.sizeBytes = first.blob.length + first.remainingBytes + SHA256_BYTES;
  }

  /** How many bytes the loop has been given so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The next piece; done at the end of a sound backup. Not to be called twice at a time. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isDone) return { value: undefined, done: true };
    try {
      const response = await this.#take();
      if (response === undefined) return this.#finish();
      this.#check(response);
      return { value: response.blob, done: false };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  /** Ends the call, if it has not ended yet. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isDone = true;
    this.#feed.cancel();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** The backup itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the call, if it has not ended yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #take(): Promise<SnapshotResponse | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? await this.#feed.next();
  }

  #check({ blob, remainingBytes }: SnapshotResponse): void {
    const imageBytes = this.sizeBytes - SHA256_BYTES;
    const isChecksum = this.#receivedBytes === imageBytes;
    this.#receivedBytes += blob.length;
    if (isChecksum) {
      if (bytesEqual(blob, this.#hash.digest())) return;
      throw damaged("its checksum does not fit");
    }
    if (this.#receivedBytes + remainingBytes !== imageBytes) {
      throw damaged(`the member said ${imageBytes} bytes and then another number`);
    }
    this.#hash.update(blob);
  }

  #finish(): IteratorResult<Uint8Array, undefined> {
    const { receivedBytes, sizeBytes } = this;
    if (receivedBytes !== sizeBytes) {
      throw damaged(`it was cut short: ${receivedBytes} of ${sizeBytes} bytes came`);
    }
    this.#isDone = true;
    return { value: undefined, done: true };
  }
}

/** Resolves when a backup begins to come. */
export async function openSnapshot(
  session: ClientSession,
  options: CallOptions = {},
): Promise<Snapshot> {
  const feed = new SnapshotFeed(session, options);
  const first = await feed.next();
  if (first === undefined) throw damaged("nothing came");
  return new Snapshot(feed, first);
}

function damaged(why: string): ClientError {
  return new ClientError(GrpcCode.DataLoss, `Cannot use the snapshot: ${why}`);
}
