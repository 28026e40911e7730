import { RangeRequest } from "../../pb/etcdserverpb.ts";
import { overlaps } from "./key_interval.ts";
import { GRPC_PROXY_LIMITS } from "./limits.ts";

interface CachedResponse {
  readonly key: string;
  readonly rangeEnd: string;
  readonly bytes: Uint8Array;
}

/** Answers to range requests, for those who accept an answer that may be old. */
export class RangeCache {
  /** The oldest use first. */
  readonly #entries = new Map<string, CachedResponse>();
  #sizeBytes = 0;
  hits = 0;
  misses = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** The answer to a request of this caller, if it is known. */
  get(callerKey: string, request: RangeRequest): Uint8Array | undefined {
    const id = idOf(callerKey, request);
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry.bytes;
  }

  add(callerKey: string, request: RangeRequest, bytes: Uint8Array): void {
    if (bytes.length > GRPC_PROXY_LIMITS.cachedBytes / 8) return;
    const id = idOf(callerKey, request);
    this.#remove(id);
    this.#entries.set(id, { key: request.key, rangeEnd: request.rangeEnd, bytes });
    this.#sizeBytes += bytes.length;
    for (const oldest of this.#entries.keys()) {
      const isFull = this.#entries.size > GRPC_PROXY_LIMITS.cachedResponses ||
        this.#sizeBytes > GRPC_PROXY_LIMITS.cachedBytes;
      if (!isFull) break;
      this.#remove(oldest);
    }
  }

  /** Forgets what was known of any key in an interval. */
  invalidate(key: string, rangeEnd: string): void {
    for (const [id, entry] of this.#entries) {
      if (overlaps(entry, { key, rangeEnd })) this.#remove(id);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#sizeBytes = 0;
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#sizeBytes -= entry.bytes.length;
  }
}

/** What one user may read is nothing to another. */
function idOf(callerKey: string, request: RangeRequest): string {
  const bytes = RangeRequest.encode({ ...request, serializable: true });
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `${callerKey} ${text}`;
}
