import { latin1FromBytes } from "../../base/bytes.ts";
import { damage } from "../btree/damage.ts";
import { readUint64 } from "../btree/page.ts";

/** A pair within its page: the key is bytes[keyStart, valueStart), the value up to valueEnd. */
export interface PairView {
  /** A leaf page, from its header on. */
  readonly bytes: Uint8Array;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Where a pair was found. */
interface PairSource {
  readonly path: string;
  readonly pageBytes: number;
}

/** The error for a pair that etcd cannot have written; it names file, byte, bucket and key. */
export function pairDamage(
  source: PairSource,
  bucket: string,
  pair: PairView,
  what: string,
): Error {
  const key = keyText(pair.bytes.subarray(pair.keyStart, pair.valueStart));
  const message = `the pair ${key} in the bucket ${bucket} cannot be used: ${what}`;
  return damage(source.path, offsetOf(source, pair), message);
}

/**
 * The page says itself which one it is, except for one that lies within a bucket's value: where
 * that is, is not known here.
 */
function offsetOf({ pageBytes }: PairSource, { bytes, keyStart }: PairView): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pageId = readUint64(view, 0);
  return pageId === 0 ? undefined : pageId * pageBytes + keyStart;
}

function keyText(key: Uint8Array): string {
  const text = latin1FromBytes(key);
  return /^[\x20-\x7e]+$/.test(text) ? `"${text}"` : `0x${key.toHex()}`;
}
