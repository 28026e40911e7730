import { messageOf } from "../../base/error_message.ts";

/** Why a file could not be opened; the failures that people meet have Go's words. */
export function openFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return messageOf(error);
}
