/** Hears how much somebody has others do, in order to ask for less while it is much. */
export interface WorkMeter {
  /** Work waits to be done: so many small pieces, of so many bytes in all. */
  began(pieceCount: number, sizeBytes: number): void;
  /** It is done, or nobody will do it. */
  ended(pieceCount: number, sizeBytes: number): void;
}
