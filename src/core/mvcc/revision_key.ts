/** The key of a put in etcd's bucket `key`; that of a tombstone has one byte more. */
export const REVISION_KEY_BYTES = 17;
export const TOMBSTONE_KEY_BYTES = REVISION_KEY_BYTES + 1;

const SEPARATOR = 0x5f;
const TOMBSTONE_MARK = 0x74;
const SUB_OFFSET = 9;
const TWO_TO_32 = 0x1_0000_0000;

/** Writes the key of a change in etcd's file and returns its length. */
export function writeRevisionKey(
  target: Uint8Array,
  at: number,
  main: number,
  sub: number,
  tombstone: boolean,
): number {
  writeInt64(target, at, main);
  target[at + SUB_OFFSET - 1] = SEPARATOR;
  writeInt64(target, at + SUB_OFFSET, sub);
  if (!tombstone) return REVISION_KEY_BYTES;
  target[at + REVISION_KEY_BYTES] = TOMBSTONE_MARK;
  return TOMBSTONE_KEY_BYTES;
}

/** Reads keys of changes, one at a time; one object serves for all of them. */
export class RevisionKeyFields {
  main = 0;
  sub = 0;
  tombstone = false;

  /** Whether bytes[start, end) are the key of a change; only then the fields tell of it. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length !== REVISION_KEY_BYTES && length !== TOMBSTONE_KEY_BYTES) return false;
    if (bytes[start + SUB_OFFSET - 1] !== SEPARATOR) return false;
    this.tombstone = length === TOMBSTONE_KEY_BYTES;
    if (this.tombstone && bytes[start + REVISION_KEY_BYTES] !== TOMBSTONE_MARK) return false;
    this.main = readInt64(bytes, start);
    this.sub = readInt64(bytes, start + SUB_OFFSET);
    // Neither is ever negative or beyond what a number holds exactly.
    return this.main <= Number.MAX_SAFE_INTEGER && this.sub <= Number.MAX_SAFE_INTEGER;
  }
}

function writeInt64(target: Uint8Array, at: number, value: number): void {
  writeUint32(target, at, Math.floor(value / TWO_TO_32));
  writeUint32(target, at + 4, value >>> 0);
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function readInt64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * TWO_TO_32 + readUint32(bytes, at + 4);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
