import { UrlError } from "../../base/endpoint_url.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { parseUrls } from "../../base/url_list.ts";
import { ETCD_ERRORS, EtcdError } from "../../core/errors.ts";
import type { Membership } from "../../core/members/membership.ts";

/** The peer URLs of a request, sorted. Throws memberBadURLs when they are none. */
export function peerUrlsOf(texts: readonly string[]): string[] {
  try {
    return parseUrls(texts).map(String);
  } catch (error) {
    if (error instanceof UrlError) throw ETCD_ERRORS.memberBadURLs;
    throw error;
  }
}

/**
 * Refuses a new member: for etcd's reasons if it has one, and otherwise because a lone member
 * cannot talk to another one.
 */
export function checkNewMember(
  membership: Membership,
  peerUrls: readonly string[],
  isLearner: boolean,
  maxLearners: number,
): never {
  const members = membership.list();
  const isTaken = members.some((member) => member.peerUrls.some((url) => peerUrls.includes(url)));
  if (isTaken) throw ETCD_ERRORS.peerURLExist;
  const learners = members.filter((member) => member.isLearner).length;
  if (isLearner && learners + 1 > maxLearners) throw ETCD_ERRORS.tooManyLearners;
  throw cannotAdd(peerUrls, isLearner);
}

function cannotAdd(peerUrls: readonly string[], isLearner: boolean): EtcdError {
  const role = isLearner ? "a learner" : "a voting member";
  const consequence = isLearner
    ? "the learner would never get the data"
    : "a cluster of two voters, of which one runs, could not write any more";
  return new EtcdError(
    GrpcCode.Unimplemented,
    `detcd: cannot add ${role} with the peer URLs ${peerUrls.join(",")}: this version runs ` +
      `clusters of one member, and ${consequence}. Nothing was changed`,
  );
}

/**
 * Refuses to remove a member: there is none but the last one, and a cluster without members is
 * none. (Told not to check, etcd ends with a panic.)
 */
export function checkRemoval(membership: Membership, id: bigint): never {
  if (membership.get(id) === undefined) throw ETCD_ERRORS.memberNotFound;
  throw ETCD_ERRORS.memberNotEnoughStarted;
}

/** Refuses to make a voter of a member: the only one is a voter already. */
export function checkPromotion(membership: Membership, id: bigint): never {
  if (membership.get(id) === undefined) throw ETCD_ERRORS.memberNotFound;
  throw ETCD_ERRORS.memberNotLearner;
}
