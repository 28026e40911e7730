import { ETCD_ERRORS } from "../../core/errors.ts";
import { hashBackend } from "../../disk/backend/file_hash.ts";
import type { ReadTransaction } from "../../disk/btree/read_transaction.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { HashResponse } from "../../pb/etcdserverpb.ts";
import { yieldTurn } from "../../server/turns.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { EndlessStream } from "../../server/open_streams.ts";
import { respond } from "./call_waiter.ts";
import { failCall } from "./calls.ts";
import { failWithServer } from "./disk_failure.ts";
import type { PinnedImages } from "./pinned_images.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/** A Hash call: it hashes the whole B-tree file, which takes as long as reading it. */
export class HashCall implements EndlessStream {
  readonly #call: ServerCall;
  readonly #server: EtcdServer;
  readonly #images: PinnedImages;
  readonly #header: ResponseHeaderWriter;
  #image: ReadTransaction | undefined;

  constructor(
    call: ServerCall,
    server: EtcdServer,
    images: PinnedImages,
    header: ResponseHeaderWriter,
  ) {
    this.#call = call;
    this.#server = server;
    this.#images = images;
    this.#header = header;
    server.streams.add(this);
    call.onCancel = () => this.#close();
    this.#run();
  }

  serverStopping(): void {
    this.#close();
    failCall(this.#call, ETCD_ERRORS.stopped);
  }

  async #run(): Promise<void> {
    try {
      const image = await this.#images.open();
      // The client may have gone, or the server begun to stop, while the file was brought up to date.
      if (this.#call.finished) return this.#images.close(image);
      this.#image = image;
      const { backend, config: { clock } } = this.#server;
      const startedMs = clock.monotonicMs();
      const yieldTurn = (): Promise<void> => this.#yieldTurn();
      const hash = await hashBackend(image, { clock, yieldTurn, skipMeta: true });
      backend.durations.hashes.add((clock.monotonicMs() - startedMs) / 1000);
      this.#close();
      this.#respond(hash);
    } catch (error) {
      this.#close();
      failWithServer(this.#call, this.#server, error);
    }
  }

  /** Ends the work if nobody waits for it any more; the call has got its answer then. */
  async #yieldTurn(): Promise<void> {
    await yieldTurn(this.#server.config.clock);
    if (this.#image === undefined) throw ETCD_ERRORS.stopped;
  }

  #respond(hash: number): void {
    respond(this.#call, (writer) => {
      this.#header.write(writer);
      HashResponse.write(HashResponse.create({ hash }), writer);
    }, undefined);
  }

  /** Lets go of the image; harmless the second time. */
  #close(): void {
    this.#server.streams.delete(this);
    if (this.#image === undefined) return;
    this.#images.close(this.#image);
    this.#image = undefined;
  }
}
