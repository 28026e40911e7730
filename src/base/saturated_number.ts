/**
 * A 64-bit number as a `number`. What would not be exact becomes the last exact one on its side: as a
 * revision, a limit or a size it is beyond any server anyway.
 */
export function saturatedNumber(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (value > limit) return Number.MAX_SAFE_INTEGER;
  return value < -limit ? -Number.MAX_SAFE_INTEGER : Number(value);
}
