import { V3_LIMITS } from "./limits.ts";

/** Adds up what requests hold that wait to be looked at, and bounds it. */
export class HeldRequests {
  #bytes = 0;

  /** So much is held from now on; false if there is no room for it. */
  take(sizeBytes: number): boolean {
    const isSmall = sizeBytes <= V3_LIMITS.freelyHeldBytes;
    if (!isSmall && this.#bytes + sizeBytes > V3_LIMITS.heldRequestBytes) return false;
    this.#bytes += sizeBytes;
    return true;
  }

  /** It is held no longer. */
  release(sizeBytes: number): void {
    this.#bytes -= sizeBytes;
  }
}
