/** A header block that RFC 7541 forbids; the connection's compression state is lost with it. */
export class HpackError extends Error {
  override name = "HpackError";
}
