import { bytesFromLatin1, latin1FromBytes } from "../../src/base/bytes.ts";
import type { Model, Operation } from "../../src/disk/btree/testing/btree_fixtures.ts";
import { GoProgram } from "../harness/go_program.ts";

const PROGRAM = new GoProgram("tests", "disk", "bbolt_peer");

/** Builds a program around bbolt itself; a string says why that is impossible. */
export function whyNoBbolt(): string | undefined {
  return PROGRAM.whyNotBuilt();
}

/** Whether bbolt keeps its list of free pages in the file; etcd has it not do so. */
export type Freelist = "freelist" | "nofreelist";

/** Has bbolt run commands on a file; returns the lines it printed. */
export async function runBbolt(
  path: string,
  pageBytes: number,
  freelist: Freelist,
  commands: readonly string[],
): Promise<string[]> {
  const args = [path, `${pageBytes}`, freelist];
  const child = new Deno.Command(PROGRAM.path, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(commands.map((line) => `${line}\n`).join("")));
  await writer.close();
  const { success, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  if (!success) throw new Error(`bbolt failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).split("\n").filter((line) => line !== "");
}

/** The command that makes bbolt do what the operation says. */
export function commandOf(operation: Operation): string {
  const bucket = word(operation.bucket);
  switch (operation.kind) {
    case "put":
      return `put ${bucket} ${word(operation.key)} ${word(operation.value)}`;
    case "delete":
      return `delete ${bucket} ${word(operation.key)}`;
    case "createBucket":
      return `create ${bucket}`;
    case "deleteBucket":
      return `drop ${bucket}`;
  }
}

/** What the lines of a dump say. */
export function parseDump(lines: readonly string[]): Model {
  const model = new Map<string, Map<string, string>>();
  let pairs = new Map<string, string>();
  for (const line of lines) {
    const [kind, ...words] = line.split(" ");
    const [name, value] = words.map((hex) => latin1FromBytes(Uint8Array.fromHex(hex.slice(1))));
    if (kind === "bucket") model.set(name, pairs = new Map());
    else pairs.set(name, value);
  }
  return model;
}

/** A dot before the digits, so that no word is empty. */
function word(text: string): string {
  return `.${bytesFromLatin1(text).toHex()}`;
}
