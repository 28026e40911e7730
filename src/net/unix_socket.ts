import { lstatSync, rmSync } from "node:fs";

/**
 * Makes way for a unix socket: removes the socket that a process left there when it was killed. Like
 * etcd, this does not ask whether somebody listens on it still. A file of another kind stays, and
 * listening fails.
 */
export function removeOldSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket()) rmSync(path);
}
