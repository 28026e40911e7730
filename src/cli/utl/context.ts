import { DiskError } from "../../disk/disk_error.ts";
import type { FileSystem } from "../../disk/file_system.ts";
import { byteText, plainText } from "../ctl/byte_text.ts";
import { badArguments, CtlError, EXIT_CODE } from "../ctl/exit_code.ts";
import type { FlagSet, Positionals } from "../ctl/flags/flag_set.ts";
import { Progress, type ProgressOptions } from "../progress.ts";
import type { UtlIo } from "./io.ts";
import { WatchedFileSystem } from "./watched_file_system.ts";

/** How results may be printed. */
export type OutputFormat = "simple" | "fields" | "json" | "table";

const FORMATS: readonly OutputFormat[] = ["simple", "fields", "json", "table"];

/** What one command has to work with. */
export class UtlContext {
  readonly io: UtlIo;
  readonly flags: FlagSet;
  readonly args: readonly string[];

  constructor(io: UtlIo, flags: FlagSet, positionals: Positionals) {
    this.io = io;
    this.flags = flags;
    this.args = positionals.args.map(plainText);
  }

  /** The one argument of the command. */
  argument(complaint: string): string {
    if (this.args.length !== 1) throw badArguments(complaint);
    return this.args[0];
  }

  text(flag: string): string {
    return plainText(this.flags.text(flag));
  }

  /** The format that was asked for, if it is among those that the command knows. */
  format<Known extends OutputFormat>(known: readonly Known[]): Known {
    const asked = this.text("write-out");
    const format = known.find((name) => name === asked);
    if (format !== undefined) return format;
    const isFormat = asked === "protobuf" || FORMATS.some((name) => name === asked);
    throw new CtlError(
      EXIT_CODE.badFeature,
      isFormat ? `${asked} not supported as output format` : "unsupported output format",
    );
  }

  /** Prints a line of the result. */
  print(line: string): void {
    this.io.stdout(byteText(`${line}\n`));
  }

  /** Prints a line for the person that called. */
  note(line: string): void {
    this.io.stderr(byteText(`${line}\n`));
  }

  /**
   * Does work of which every byte that is read through the given file system counts as progress.
   */
  async watch<T>(
    options: ProgressOptions,
    work: (fileSystem: FileSystem) => Promise<T>,
  ): Promise<T> {
    const { clock, fileSystem, isTerminal } = this.io;
    const screen = {
      isTerminal,
      write: (text: string): void => this.io.stderr(byteText(text)),
    };
    const progress = new Progress(screen, clock, options);
    try {
      const result = await work(
        new WatchedFileSystem(fileSystem, (bytes) => progress.add(bytes)),
      );
      progress.end();
      return result;
    } finally {
      progress.abandon();
    }
  }

  /** The size of a file that a command was called for. Throws in the words of Go's `stat`. */
  fileSize(path: string): number {
    const info = this.io.fileSystem.stat(path);
    if (info === undefined) throw new Error(`stat ${path}: no such file or directory`);
    if (!info.isDirectory) return info.sizeBytes;
    throw new DiskError({
      operation: "read",
      path,
      code: "EISDIR",
      what: "it is a directory",
      advice: "Name a file",
    });
  }
}
