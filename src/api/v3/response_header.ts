import { Writer } from "../../pb/writer.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";

/** Field 1, length-delimited: where every response of etcd's API has its header. */
const HEADER_TAG = 0x0a;
const CLUSTER_ID_TAG = 0x08;
const MEMBER_ID_TAG = 0x10;
const REVISION_TAG = 0x18;
const RAFT_TERM_TAG = 0x20;

/** The header's length stands behind its tag and fills one byte. */
const LENGTH_OFFSET = 1;
/** Four tags, four numbers and the length in front of them. */
const MOST_BYTES = 64;

/**
 * Writes the header that stands in front of every response. Cluster and member never change and
 * the revision only with a write, so the encoded header is kept until one of its numbers moves.
 */
export class ResponseHeaderWriter {
  readonly #server: EtcdServer;
  /** The encoded header is bytes[0, length); its first part never changes. */
  readonly #bytes: Uint8Array = new Uint8Array(MOST_BYTES);
  readonly #firstLength: number;
  readonly #encoder = new Writer();
  #length = 0;
  #revision = -1;
  #term = -1;

  constructor(server: EtcdServer) {
    this.#server = server;
    const encoder = this.#encoder;
    encoder.tag(HEADER_TAG);
    encoder.beginMessage();
    encoder.tag(CLUSTER_ID_TAG);
    encoder.int64(server.clusterId);
    encoder.tag(MEMBER_ID_TAG);
    encoder.int64(server.memberId);
    this.#firstLength = encoder.position;
    this.#bytes.set(encoder.buffer.subarray(0, encoder.position));
  }

  /** The header with the store's current revision. */
  write(writer: Writer): void {
    this.writeAt(writer, this.#server.store.currentRevision);
  }

  /** The header with a given revision; 0 leaves the revision out, as the Cluster service does. */
  writeAt(writer: Writer, revision: number): void {
    if (revision !== this.#revision || this.#server.term !== this.#term) this.#encode(revision);
    writer.raw(this.#bytes, 0, this.#length);
  }

  #encode(revision: number): void {
    this.#revision = revision;
    this.#term = this.#server.term;
    const encoder = this.#encoder;
    encoder.reset();
    if (revision !== 0) {
      encoder.tag(REVISION_TAG);
      encoder.int64Number(revision);
    }
    if (this.#term !== 0) {
      encoder.tag(RAFT_TERM_TAG);
      encoder.int64Number(this.#term);
    }
    const { buffer, position } = encoder;
    for (let i = 0; i < position; i++) this.#bytes[this.#firstLength + i] = buffer[i];
    this.#length = this.#firstLength + position;
    this.#bytes[LENGTH_OFFSET] = this.#length - LENGTH_OFFSET - 1;
  }
}
