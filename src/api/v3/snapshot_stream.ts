import { createHash } from "node:crypto";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import type { MessageListener, ServerCall } from "../../net/grpc/server_call.ts";
import { SnapshotRequest, SnapshotResponse } from "../../pb/etcdserverpb.ts";
import { Writer } from "../../pb/writer.ts";
import { BackgroundWork } from "../../server/background.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { EndlessStream } from "../../server/open_streams.ts";
import { requireRoot } from "./access.ts";
import { failCall } from "./calls.ts";
import { failWithServer } from "./disk_failure.ts";
import { V3_LIMITS } from "./limits.ts";
import type { PinnedImages } from "./pinned_images.ts";

const REMAINING_BYTES_TAG = 0x10;
const BLOB_TAG = 0x1a;
const VERSION_TAG = 0x22;
/** How many bytes of the file one message carries, as in etcd. */
const BLOB_BYTES = 32 * 1024;
/** Enough for everything that stands before the blob in a message. */
const HEAD_BYTES = 64;

/** `send` copies before it returns, so all streams share these. */
const head = new Writer();
const buffer = new Uint8Array(HEAD_BYTES + V3_LIMITS.snapshotBytesPerTurn);

/**
 * One Snapshot call: the image of the B-tree file in blobs, and at last their SHA-256. Writes go
 * on meanwhile, into other pages.
 */
export class SnapshotStream implements MessageListener, EndlessStream {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #images: PinnedImages;
  readonly #version: string;
  readonly #hash = createHash("sha256");
  readonly #sending: BackgroundWork;
  #image: ReadTransaction | undefined;
  #position = 0;

  constructor(call: ServerCall, server: EtcdServer, images: PinnedImages) {
    this.#call = call;
    this.#server = server;
    this.#images = images;
    this.#version = server.storageVersion ?? "";
    this.#sending = new BackgroundWork(() => this.#sendPieces(), (error) => {
      this.#close();
      failWithServer(call, server, error);
    }, server.config.clock);
    server.streams.add(this);
    call.onCancel = () => this.#close();
    call.onDrain = () => this.#sending.wake();
  }

  message(bytes: Uint8Array, start: number, end: number): void {
    try {
      SnapshotRequest.decode(bytes, start, end);
      requireRoot(this.#server.auth, this.#call);
      this.#open();
    } catch (error) {
      this.#close();
      failCall(this.#call, error);
    }
  }

  halfClosed(): void {}

  serverStopping(): void {
    this.#close();
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  async #open(): Promise<void> {
    try {
      const image = await this.#images.open();
      // The client may have gone, or the server begun to stop, while the file was brought up to date.
      if (this.#call.finished) return this.#images.close(image);
      this.#image = image;
      this.#sending.wake();
    } catch (error) {
      this.#close();
      failWithServer(this.#call, this.#server, error);
    }
  }

  /** Sends as much as one turn may; whether the client takes more and there is more. */
  #sendPieces(): boolean {
    const image = this.#image;
    if (image === undefined) return false;
    const end = HEAD_BYTES + image.readImage(buffer, HEAD_BYTES, buffer.length, this.#position);
    this.#hash.update(buffer.subarray(HEAD_BYTES, end));
    let hasRoom = true;
    for (let start = HEAD_BYTES; start < end; start += BLOB_BYTES) {
      hasRoom = this.#sendBlob(start, Math.min(start + BLOB_BYTES, end), image.imageBytes);
    }
    // The client may have turned out to be gone while this was sent.
    if (this.#image === undefined) return false;
    if (this.#position === image.imageBytes) {
      this.#finish();
      return false;
    }
    return hasRoom;
  }

  /**
   * Sends buffer[start, end) without copying it first: what stands before the blob in its message
   * is put over the end of the blob before, which has gone. The version therefore comes first.
   */
  #sendBlob(start: number, end: number, imageBytes: number): boolean {
    this.#position += end - start;
    head.reset();
    if (this.#version !== "") {
      head.tag(VERSION_TAG);
      head.string(this.#version);
    }
    const remainingBytes = imageBytes - this.#position;
    if (remainingBytes !== 0) {
      head.tag(REMAINING_BYTES_TAG);
      head.uint64Number(remainingBytes);
    }
    head.tag(BLOB_TAG);
    head.uint32(end - start);
    const messageStart = start - head.position;
    buffer.set(head.buffer.subarray(0, head.position), messageStart);
    return this.#call.send(buffer, messageStart, end);
  }

  #finish(): void {
    const blob = this.#hash.digest();
    this.#close();
    const response = SnapshotResponse.create({ blob, version: this.#version });
    const bytes = SnapshotResponse.encode(response);
    this.#call.send(bytes, 0, bytes.length);
    this.#call.end();
  }

  /** Lets go of the image; harmless the second time. */
  #close(): void {
    this.#server.streams.delete(this);
    this.#sending.stop();
    if (this.#image === undefined) return;
    this.#images.close(this.#image);
    this.#image = undefined;
  }
}
