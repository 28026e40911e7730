import type { Buffer } from "node:buffer";

/**
 * What a connection needs of a socket: the part of node:net's and node:tls's that both have in
 * common, so that tests can do without either.
 */
export interface ByteSocket {
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  write(bytes: Uint8Array, written: () => void): boolean;
  end(): unknown;
  destroy(): unknown;
  pause(): unknown;
  resume(): unknown;
}
