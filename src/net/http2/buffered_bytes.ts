import type { Http2Limits } from "../limits.ts";

/** Someone who holds bytes for a peer that is slower than what is sent to it. */
export interface BufferHolder {
  readonly bufferedBytes: number;
  /** It holds more than is allowed, or the most of all where all together hold too much. */
  bufferOverflow(): void;
}

/** Adds up what all connections hold for slow peers, and bounds it. */
export class BufferedBytes {
  readonly #maxConnectionBytes: number;
  readonly #maxTotalBytes: number;
  readonly #holders = new Set<BufferHolder>();
  #totalBytes = 0;

  constructor(limits: Http2Limits) {
    this.#maxConnectionBytes = limits.maxBufferedConnectionBytes;
    this.#maxTotalBytes = limits.maxBufferedTotalBytes;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  open(holder: BufferHolder): void {
    this.#holders.add(holder);
  }

  close(holder: BufferHolder): void {
    this.#holders.delete(holder);
  }

  /** `holder.bufferedBytes` has grown by this much. */
  grown(holder: BufferHolder, sizeBytes: number): void {
    this.#totalBytes += sizeBytes;
    if (holder.bufferedBytes > this.#maxConnectionBytes) holder.bufferOverflow();
    else if (this.#totalBytes > this.#maxTotalBytes) this.#greediest(holder).bufferOverflow();
  }

  shrunk(sizeBytes: number): void {
    this.#totalBytes -= sizeBytes;
  }

  #greediest(holder: BufferHolder): BufferHolder {
    let greediest = holder;
    for (const other of this.#holders) {
      if (other.bufferedBytes > greediest.bufferedBytes) greediest = other;
    }
    return greediest;
  }
}
