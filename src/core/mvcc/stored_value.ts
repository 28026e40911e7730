import { EMPTY_BYTES } from "../../base/bytes.ts";
import { keyFieldSize, writeKeyField } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";

const INITIAL_SCRATCH_BYTES = 1024;

/** What etcd's file stores of a change: bytes[start, end), one change at a time. */
export class StoredValue {
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  #scratch = new Uint8Array(INITIAL_SCRATCH_BYTES);

  load(keyspace: Keyspace, change: number): void {
    const { log, values } = keyspace;
    if (log.isTombstone(change)) {
      this.#loadTombstone(keyspace, log.record(change));
    } else if (log.slab(change) >= 0) {
      this.bytes = values.bytesOf(log.slab(change));
      this.start = log.offset(change);
      this.end = this.start + log.length(change);
    } else {
      const { bytes, start, end } = keyspace.pairOf(change);
      this.bytes = bytes;
      this.start = start;
      this.end = end;
    }
  }

  /** Of a deleted key only the key is stored. */
  #loadTombstone(keyspace: Keyspace, record: number): void {
    const { table } = keyspace.index;
    const keyLength = table.keyLength(record);
    const size = keyFieldSize(keyLength);
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size);
    writeKeyField(this.#scratch, 0, table.keyArray(record), table.keyStart(record), keyLength);
    this.bytes = this.#scratch;
    this.start = 0;
    this.end = size;
  }
}
