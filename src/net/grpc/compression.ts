import process from "node:process";

/** What `grpc-encoding` may name. */
export type MessageEncoding = "identity" | "gzip";

/** The `grpc-accept-encoding` of this server. */
export const ACCEPTED_ENCODINGS = "identity,gzip";

/**
 * Deno loads the library for the first message that wants it, within the call. Most servers get
 * none, and it takes a megabyte.
 */
function zlib(): typeof import("node:zlib") {
  return process.getBuiltinModule("node:zlib");
}

/** Decompressed bytes; undefined: more than `maxBytes`. Throws when they are not sound. */
export function decompress(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxBytes: number,
): Uint8Array | undefined {
  try {
    return zlib().gunzipSync(bytes.subarray(start, end), {
      maxOutputLength: Math.max(1, maxBytes),
    });
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
}

/** Compressed bytes. */
export function compress(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const { constants, gzipSync } = zlib();
  return gzipSync(bytes.subarray(start, end), { level: constants.Z_BEST_SPEED });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
