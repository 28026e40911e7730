/** Every bound of this room, each with its reason. */
export const PB_LIMITS = {
  /**
   * How deep messages may nest when a request is decoded. Only transactions nest: each costs two
   * levels, and `--max-txn-ops` (128 by default) bounds them to 128, so what etcd refuses
   * with its own error still gets decoded, and 300 calls are far from the end of the stack.
   */
  nestingDepth: 300,
  /** A uint64 fills ten bytes of seven bits; an eleventh can only be malice or damage. */
  varintBytes: 10,
  /** From here on a call into the runtime copies faster than a loop: 26 ns against 33 at 48 bytes. */
  shortCopyBytes: 40,
  /** Where a Writer starts: holds a usual request or response with its value. */
  writerInitialBytes: 1024,
  /** What a Writer keeps from one use to the next; one huge message must not hold memory for ever. */
  writerRetainedBytes: 1024 * 1024,
  /**
   * Small encoded messages share an array of this size. One that lives long holds all of it, which
   * is why it is no larger.
   */
  slabBytes: 16 * 1024,
  /** A larger message gets memory of its own; it would waste too much of a slab's end. */
  slabShareBytes: 2 * 1024,
} as const;

/** Every bound of messages in JSON, each with its reason. */
export const JSON_LIMITS = {
  /**
   * How deep values may nest, in fields that nobody knows as well. Go allows 10 000; only
   * transactions nest, and those beyond PB_LIMITS.nestingDepth are refused anyway.
   */
  nestingDepth: 10_000,
  /** How many messages and lists may be open: a transaction in another opens two and one. */
  openDepth: 600,
  /** From here on the runtime decodes base64 faster than a loop. */
  longBase64Bytes: 4 * 1024,
  /** Where a text of JSON starts; holds a usual response. */
  textInitialBytes: 4 * 1024,
  /** What is kept of it from one use to the next. */
  textRetainedBytes: 1024 * 1024,
} as const;
