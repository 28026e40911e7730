import { formatJson, type JsonObject, parseJson } from "../../base/json.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { minorOf } from "./compat_version.ts";

/** Whether the cluster is on its way to an older version, and to which. */
export interface DowngradeInfo {
  readonly enabled: boolean;
  /** Such as `3.6.0`; empty while there is no downgrade. */
  readonly targetVersion: string;
}

/** What is said of a cluster that is on no such way. */
export const NO_DOWNGRADE: DowngradeInfo = { enabled: false, targetVersion: "" };

/** A version in full, or without its patch number. */
const VERSION_FORM = /^(\d+)\.(\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/;

/**
 * The cluster version that a downgrade request means: only major and minor number count. Throws
 * wrongDowngradeVersionFormat.
 */
export function downgradeTargetOf(text: string): string {
  const match = VERSION_FORM.exec(text);
  if (match === null) throw ETCD_ERRORS.wrongDowngradeVersionFormat;
  return `${Number(match[1])}.${Number(match[2])}.0`;
}

/** Throws etcd's reason why a cluster cannot be downgraded to a version now. */
export function checkDowngrade(
  clusterVersion: string | undefined,
  { enabled }: DowngradeInfo,
  targetVersion: string,
): void {
  if (clusterVersion === undefined) throw ETCD_ERRORS.clusterVersionUnavailable;
  if (targetVersion !== versionBelow(clusterVersion)) {
    throw ETCD_ERRORS.invalidDowngradeTargetVersion;
  }
  if (enabled) throw ETCD_ERRORS.downgradeInProcess;
}

/** Whether one may go from a version to the other in one downgrade. */
export function isOneBelow(targetVersion: string, version: string): boolean {
  return targetVersion === versionBelow(version);
}

/** Undefined for a version whose minor number is 0 or that is none of etcd 3. */
function versionBelow(clusterVersion: string): string | undefined {
  const minor = minorOf(clusterVersion);
  return minor === undefined || minor === 0 ? undefined : `3.${minor - 1}.0`;
}

/** The JSON that etcd keeps in its file, field for field. */
export function formatDowngrade({ targetVersion, enabled }: DowngradeInfo): string {
  const json: JsonObject = { "target-version": targetVersion, "enabled": enabled };
  return formatJson(json);
}

/** Reads such a JSON. Throws a SyntaxError when it is not one, or has no version to go to. */
export function parseDowngrade(text: string): DowngradeInfo {
  const json = parseJson(text);
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new SyntaxError("what it says of a downgrade is not a JSON object");
  }
  if (json["enabled"] !== true) return NO_DOWNGRADE;
  const targetVersion = json["target-version"];
  if (typeof targetVersion !== "string" || minorOf(targetVersion) === undefined) {
    throw new SyntaxError("the version to downgrade to is not a version of etcd 3");
  }
  return { enabled: true, targetVersion };
}
