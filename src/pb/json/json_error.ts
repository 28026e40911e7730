/** A JSON text that is not what it should be; the message is Go's, which clients of etcd know. */
export class JsonError extends Error {
  override name = "JsonError";
}
