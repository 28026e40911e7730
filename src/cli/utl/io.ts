import type { Clock } from "../../base/clock.ts";
import { DenoFileSystem } from "../../disk/deno_file_system.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import type { ByteText } from "../ctl/byte_text.ts";
import { systemIo as ctlSystemIo } from "../ctl/io.ts";

/** What a command needs of the world, so that tests can stand in for it. */
export interface UtlIo {
  readonly clock: Clock;
  readonly fileSystem: FileSystem;
  /** Whether a person watches standard error. */
  readonly isTerminal: boolean;
  stdout(bytes: ByteText): void;
  stderr(bytes: ByteText): void;
}

/** The process's own streams and disks. */
export function systemIo(): UtlIo {
  const { clock, stdout, stderr } = ctlSystemIo();
  const isTerminal = Deno.stderr.isTerminal();
  return { clock, fileSystem: new DenoFileSystem(), isTerminal, stdout, stderr };
}
