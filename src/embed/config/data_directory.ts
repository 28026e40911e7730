import type { Config } from "./config.ts";

/** The directory that holds what the member stores. */
export function dataDirectoryOf({ dir, name }: Config): string {
  return dir === "" ? `${name}.etcd` : dir;
}
