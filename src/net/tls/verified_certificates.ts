/**
 * Fingerprints of clients' certificates that were verified in whole handshakes. A session that is
 * resumed comes without verification: Deno 2.9 takes it for authorized even if the handshake that
 * it was begun with had been refused. So it counts only if its certificate is known here.
 */
export class VerifiedCertificates {
  readonly #limit: number;
  readonly #fingerprints = new Set<string>();

  /** `limit`: how many are remembered; the oldest is forgotten first. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(fingerprint: string): void {
    // What was seen last is forgotten last.
    this.#fingerprints.delete(fingerprint);
    this.#fingerprints.add(fingerprint);
    if (this.#fingerprints.size <= this.#limit) return;
    for (const oldest of this.#fingerprints) {
      this.#fingerprints.delete(oldest);
      return;
    }
  }

  has(fingerprint: string): boolean {
    return this.#fingerprints.has(fingerprint);
  }
}
