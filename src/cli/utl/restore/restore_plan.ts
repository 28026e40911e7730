import { goQuote } from "../../../base/go_quote.ts";
import type { EndpointUrl } from "../../../base/endpoint_url.ts";
import { parseUrlList } from "../../../base/url_list.ts";
import { UrlsMap } from "../../../base/urls_map.ts";
import { CompatVersion } from "../../../core/members/compat_version.ts";
import { computeMemberId, formatId } from "../../../core/members/member_id.ts";
import type { Member } from "../../../core/members/member.ts";
import { badArguments } from "../../ctl/exit_code.ts";
import { compatVersionOf } from "../compat_version.ts";
import type { UtlContext } from "../context.ts";

/** What a backup is to become. */
export interface RestorePlan {
  readonly backupPath: string;
  readonly dataDir: string;
  /** Undefined for the log in the data directory. */
  readonly walDir: string | undefined;
  /** All members of the new cluster, by ascending ID. */
  readonly members: readonly Member[];
  /** The one that the directory is for. */
  readonly memberId: bigint;
  readonly skipHashCheck: boolean;
  /** How much the latest revision grows; what was before is then to be compacted. */
  readonly bumpRevision: number;
  readonly compatVersion: CompatVersion;
}

/** Reads the command line. Throws in etcdutl's words for what cannot be. */
export function restorePlanOf(context: UtlContext): RestorePlan {
  const backupPath = context.argument("snapshot restore requires exactly one argument");
  const bumpRevision = bumpOf(context);
  const name = context.text("name");
  const advertised = parseUrlList(context.text("initial-advertise-peer-urls"));
  const cluster = UrlsMap.parse(context.text("initial-cluster"));
  checkLocalMember(name, advertised, cluster);
  const members = membersOf(cluster, context.text("initial-cluster-token"));
  const local = members.find((member) => member.name === name);
  if (local === undefined) throw new TypeError("The local member was checked to be there");
  const walDir = context.text("wal-dir");
  return {
    backupPath,
    dataDir: context.text("data-dir") || `${name}.etcd`,
    walDir: walDir === "" ? undefined : walDir,
    members,
    memberId: local.id,
    skipHashCheck: context.flags.bool("skip-hash-check"),
    bumpRevision,
    compatVersion: compatVersionOf(context) ?? CompatVersion.newest,
  };
}

function bumpOf(context: UtlContext): number {
  const bump = context.flags.int64("bump-revision");
  if (bump < 0) throw badArguments("--bump-revision must not be negative");
  if ((bump > 0) === context.flags.bool("mark-compacted")) return bump;
  throw badArguments(
    bump > 0
      ? "--mark-compacted required if --bump-revision > 0"
      : "--mark-compacted needs --bump-revision > 0",
  );
}

function checkLocalMember(
  name: string,
  advertised: readonly EndpointUrl[],
  cluster: UrlsMap,
): void {
  if (!cluster.has(name)) {
    throw new Error(
      `couldn't find local name ${goQuote(name)} in the initial cluster configuration`,
    );
  }
  const all = cluster.urls();
  if (new Set(all).size !== all.length) {
    throw new Error(`initial cluster ${cluster} has duplicate url`);
  }
  const own = cluster.get(name).map(String);
  const given = advertised.map(String);
  const missing = own.filter((url) => !given.includes(url)).map((url) => `${name}=${url}`);
  if (missing.length > 0) {
    throw new Error(
      `--initial-cluster has ${missing.join(",")} but missing from ` +
        `--initial-advertise-peer-urls=${given.join(",")}`,
    );
  }
  const extra = given.filter((url) => !own.includes(url));
  if (extra.length === 0) return;
  throw new Error(
    `--initial-advertise-peer-urls has ${extra.join(",")} but missing from ` +
      `--initial-cluster=${cluster}`,
  );
}

function membersOf(cluster: UrlsMap, token: string): Member[] {
  const members = cluster.names().map((name): Member => {
    const peerUrls = cluster.get(name).map(String);
    const id = computeMemberId(peerUrls, token);
    return { id, peerUrls, isLearner: false, name, clientUrls: [] };
  }).sort((a, b) => (a.id < b.id ? -1 : 1));
  const twin = members.find(({ id }, i) => i > 0 && members[i - 1].id === id);
  if (twin !== undefined) throw new Error(`member exists with identical ID ${formatId(twin.id)}`);
  return members;
}
