import { Writer } from "../../pb/writer.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";

/** Field 1, length-delimited: where every response of etcd's API has its header. */
const HEADER_TAG = 0x0a;
const CLUSTER_ID_TAG = 0x08;
const MEMBER_ID_TAG = 0x10;
const REVISION_TAG = 0x18;
const RAFT_TERM_TAG = 0x20;

/**
 * Writes the header that stands in front of every response. Cluster and member never change and
 * the revision only with a write, so the encoded header is kept until one of its numbers moves.
 */
export class ResponseHeaderWriter {
  readonly #server: EtcdServer;
  readonly #encoder = new Writer();
  #encoded: Uint8Array = new Uint8Array(0);
  #revision = -1;
  #term = -1;

  constructor(server: EtcdServer) {
    this.#server = server;
  }

  /** The header with the store's current revision. */
  write(writer: Writer): void {
    this.writeAt(writer, this.#server.store.currentRevision);
  }

  /** The header with a given revision; 0 leaves the revision out, as the Cluster service does. */
  writeAt(writer: Writer, revision: number): void {
    if (revision !== this.#revision || this.#server.term !== this.#term) this.#encode(revision);
    writer.raw(this.#encoded);
  }

  #encode(revision: number): void {
    this.#revision = revision;
    this.#term = this.#server.term;
    const encoder = this.#encoder;
    encoder.reset();
    encoder.tag(HEADER_TAG);
    const start = encoder.beginMessage();
    encoder.tag(CLUSTER_ID_TAG);
    encoder.int64(this.#server.clusterId);
    encoder.tag(MEMBER_ID_TAG);
    encoder.int64(this.#server.memberId);
    if (revision !== 0) {
      encoder.tag(REVISION_TAG);
      encoder.int64Number(revision);
    }
    if (this.#term !== 0) {
      encoder.tag(RAFT_TERM_TAG);
      encoder.int64Number(this.#term);
    }
    encoder.endMessage(start);
    this.#encoded = encoder.finish();
  }
}
