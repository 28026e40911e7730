/**
 * States what must be true here. A failure is a defect of the program, never of its input; it is
 * not caught, so that a member with a broken invariant stops instead of answering wrongly. It
 * stays on in production.
 */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new AssertionError(why);
}

/** A broken invariant: the message says which. */
export class AssertionError extends Error {
  override name = "AssertionError";
}
