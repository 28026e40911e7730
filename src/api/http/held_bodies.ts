import { HTTP_LIMITS } from "./limits.ts";

/** Counts the bodies that are held until they are whole, over all requests. */
export class HeldBodies {
  #bytes = 0;

  /** What is held now; nothing once all requests are answered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Makes room for so many bytes more; false if there is none. */
  grow(bytes: number): boolean {
    if (this.#bytes + bytes > HTTP_LIMITS.heldUserBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  shrink(bytes: number): void {
    this.#bytes -= bytes;
  }
}
