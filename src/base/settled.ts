/** Waits for the end of something whose failure is somebody else's concern: who started it is told. */
export async function settled(promise: Promise<unknown> | undefined): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever started it gets the error.
  }
}
