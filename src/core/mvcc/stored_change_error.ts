/** A pair in the file's bucket of changes that cannot be what etcd or this store has written. */
export class StoredChangeError extends Error {
  override readonly name = "StoredChangeError";
}
