/** What a shell sees of a program that a closed pipe has ended. */
const BROKEN_PIPE_EXIT_CODE = 141;

/** Somewhere to print to. */
interface Output {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Waits until all bytes are written, since the process may end right after. Ends the process when
 * nobody reads any more: whoever did, such as `head`, has seen enough.
 */
export function writeAll(output: Output, bytes: Uint8Array): void {
  let rest = bytes;
  try {
    while (rest.length > 0) rest = rest.subarray(output.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(BROKEN_PIPE_EXIT_CODE);
    throw error;
  }
}
