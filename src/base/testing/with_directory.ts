/** Lends an empty directory, which is removed again with all that is in it. */
export async function withDirectory(
  use: (directory: string) => Promise<void> | void,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "detcd-test-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
