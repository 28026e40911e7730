import { assert } from "../../../base/assert.ts";
import { CompatVersion } from "../compat_version.ts";

/** What members have in common whose cluster is of a line such as `3.5`. */
export function compat(line: string): CompatVersion {
  const version = CompatVersion.of(line);
  assert(version !== undefined, `${line} is a version`);
  return version;
}
