/** Options of the sockets that are listened on. */
export interface SocketOptions {
  /** Listen with SO_REUSEPORT. */
  reusePort: boolean;
  /** Listen with SO_REUSEADDR. */
  reuseAddress: boolean;
}
