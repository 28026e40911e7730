import { DefectiveFileSystem } from "../../src/disk/btree/testing/planted_defects.ts";
import type { DiskFile, OpenMode } from "../../src/disk/file_system.ts";
import type { FileSystem } from "../../src/disk/file_system.ts";
import { BTREE_LIMITS } from "../../src/disk/btree/limits.ts";

/** A disk on which the meta page of the B-tree file is written before the pages it leads to. */
export class MetaFirstDisk extends DefectiveFileSystem {
  readonly #sound: FileSystem;

  constructor(disk: FileSystem) {
    super(disk, "meta before data", BTREE_LIMITS.newFilePageBytes);
    this.#sound = disk;
  }

  override open(path: string, mode: OpenMode): DiskFile {
    return path.endsWith("/db") ? super.open(path, mode) : this.#sound.open(path, mode);
  }
}
