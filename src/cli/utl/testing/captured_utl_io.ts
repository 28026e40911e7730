import { type Clock, systemClock } from "../../../base/clock.ts";
import { DenoFileSystem } from "../../../disk/deno_file_system.ts";
import type { FileSystem } from "../../../disk/file_system.ts";
import type { ByteText } from "../../ctl/byte_text.ts";
import { utlMain } from "../main.ts";
import type { UtlIo } from "../io.ts";

/** A world for one command, which keeps what is printed. */
export class CapturedUtlIo implements UtlIo {
  readonly fileSystem: FileSystem;
  clock: Clock = systemClock;
  isTerminal = false;
  out: ByteText = "";
  err: ByteText = "";

  constructor(fileSystem: FileSystem = new DenoFileSystem()) {
    this.fileSystem = fileSystem;
  }

  stdout(bytes: ByteText): void {
    this.out += bytes;
  }

  stderr(bytes: ByteText): void {
    this.err += bytes;
  }
}

/** What a command left behind. */
export interface UtlResult {
  readonly exitCode: number;
  readonly out: ByteText;
  readonly err: ByteText;
}

/** Runs a command on the given file system. */
export async function utl(
  args: readonly string[],
  fileSystem: FileSystem = new DenoFileSystem(),
): Promise<UtlResult> {
  const io = new CapturedUtlIo(fileSystem);
  const exitCode = await utlMain(args, io);
  return { exitCode, out: io.out, err: io.err };
}
