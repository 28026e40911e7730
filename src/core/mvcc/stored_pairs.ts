import type { KeyValueRef } from "./change.ts";

/** Where pairs are read that memory does not hold any more: the file that keeps all changes. */
export interface StoredPairs {
  /**
   * The canonical KeyValue of the put with this revision. The bytes stay as they are for as long
   * as the reference is held. Throws if they cannot be read.
   */
  read(main: number, sub: number): KeyValueRef;
}
