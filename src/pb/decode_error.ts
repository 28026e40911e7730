/** Bytes that are not the message they should be. It is the sender's fault, never the program's. */
export class DecodeError extends Error {
  override name = "DecodeError";
}
