/** What stands in a config file, as far as settings care: without the syntax that carried it. */
export type FileValue = FileScalar | FileList | FileMap | FileNothing;

/** One word or text. */
export interface FileScalar {
  readonly kind: "scalar";
  readonly line: number;
  /** Without quotes and escapes. */
  readonly text: string;
  /** Quotes make a text of what would else be a number or a boolean. */
  readonly isQuoted: boolean;
}

interface FileList {
  readonly kind: "list";
  readonly line: number;
  readonly items: readonly FileValue[];
}

export interface FileMap {
  readonly kind: "map";
  readonly line: number;
  readonly entries: readonly FileEntry[];
}

export interface FileEntry {
  readonly key: string;
  readonly line: number;
  readonly value: FileValue;
}

/** A key with nothing behind it, which leaves the setting as it is. */
interface FileNothing {
  readonly kind: "nothing";
  readonly line: number;
}
