import type { FileSystem } from "../file_system.ts";

/** All bytes of a file. */
export function readFile(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, "read");
  try {
    const bytes = new Uint8Array(file.size());
    file.readAt(bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    file.close();
  }
}

/** Makes a file of exactly these bytes. */
export function writeFile(fileSystem: FileSystem, path: string, bytes: Uint8Array): void {
  const file = fileSystem.open(path, "create");
  file.truncate(0);
  file.writeAt(bytes, 0, bytes.length, 0);
  file.dataSyncNow();
  file.close();
}
