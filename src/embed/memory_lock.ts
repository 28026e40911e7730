import { NotBuiltError } from "./config/errors.ts";

// Numbers of Linux.
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
/**
 * Locks pages when they are first used. Without it the large ranges of addresses that V8 reserves
 * and never touches would be locked, too.
 */
const MCL_ONFAULT = 4;

/**
 * Keeps the process's memory from being swapped out, now and from now on. Throws a NotBuiltError
 * that says what is missing where it cannot.
 */
export function lockMemory(): void {
  if (Deno.build.os !== "linux") throw refusal(`it works on Linux only`);
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw refusal("it calls the C library: run detcd with --allow-ffi");
  }
  const library = Deno.dlopen("libc.so.6", {
    mlockall: { parameters: ["i32"], result: "i32" },
  });
  try {
    if (library.symbols.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) === 0) return;
  } finally {
    library.close();
  }
  throw refusal(
    "the system does not let this process lock its memory: raise its limit (LimitMEMLOCK=infinity " +
      "in a systemd unit, ulimit -l) or give it CAP_IPC_LOCK",
  );
}

function refusal(why: string): NotBuiltError {
  return new NotBuiltError(`--memory-mlock=true is refused: ${why}`);
}
