/** Why the system did not do something with a file, in Go's words where it has some. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "no such file or directory";
  if ("code" in error && error.code === "EACCES") return "permission denied";
  return error.message;
}
