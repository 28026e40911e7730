import type { ByteText } from "./byte_text.ts";
import type { InputReader } from "./input_reader.ts";

/** What a shell sees of a program that was interrupted. */
const INTERRUPTED_EXIT_CODE = 130;

const INTERRUPT = "\x03";
const END_OF_INPUT = "\x04";
const ERASE = ["\b", "\x7f"];

/** A character with all its bytes. */
const LAST_CHARACTER = /[^\x80-\xbf]?[\x80-\xbf]*$/;

/** Reads a line from standard input; if that is a terminal, without showing what is typed. */
export async function readSecret(input: InputReader): Promise<ByteText> {
  if (!Deno.stdin.isTerminal()) return await secretLine(input, () => undefined);
  // A terminal in this mode shows nothing and leaves all keys to the program.
  Deno.stdin.setRaw(true);
  const restore = () => Deno.stdin.setRaw(false);
  try {
    return await secretLine(input, (key) => typed(key, restore));
  } finally {
    restore();
  }
}

/** What a key asks for that is no letter of the secret. */
type Command = "erase" | "end";

async function secretLine(
  input: InputReader,
  commandOf: (key: ByteText) => Command | undefined,
): Promise<ByteText> {
  let line: ByteText = "";
  for (;;) {
    const key = await input.byte();
    if (key === undefined || key === "\n") return line;
    const command = commandOf(key);
    if (command === "end") return line;
    line = command === "erase" ? line.replace(LAST_CHARACTER, "") : line + key;
  }
}

function typed(key: ByteText, restore: () => void): Command | undefined {
  if (ERASE.includes(key)) return "erase";
  if (key === "\r" || key === END_OF_INPUT) return "end";
  if (key !== INTERRUPT) return undefined;
  restore();
  Deno.exit(INTERRUPTED_EXIT_CODE);
}
