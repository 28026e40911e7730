/** Hears how much somebody has others do, in order to ask for less while it is much. */
export interface WorkMeter {
  /** A piece of work waits to be done. */
  began(sizeBytes: number): void;
  /** It is done, or nobody will do it. */
  ended(sizeBytes: number): void;
}
