import { IMPOSTOR, NOBODY, type Requester } from "../../core/auth/requester.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { Metadata } from "../../net/grpc/metadata.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import type { RangeRequest } from "../../pb/etcdserverpb.ts";
import type { Authentication } from "../../server/auth/authentication.ts";

/** Where clients, and who comes through the JSON gateway, put their token. */
const TOKEN_NAMES: readonly string[] = ["token", "authorization"];
const TOKEN_PREFIX = "Bearer ";
/** What the JSON gateway adds; whose certificate it is says nothing about the client then. */
const GATEWAY_NAME = "grpcgateway-accept";

/** What the metadata of a call says about its sender, worked out once for requests that repeat. */
class Credentials {
  readonly token: string | undefined;
  readonly isFromGateway: boolean;

  constructor(metadata: Metadata) {
    const name = TOKEN_NAMES.find((name) => metadata.get(name) !== undefined);
    const value = name === undefined ? undefined : metadata.get(name);
    const hasPrefix = value?.startsWith(TOKEN_PREFIX) === true;
    this.token = hasPrefix ? value?.slice(TOKEN_PREFIX.length) : value;
    this.isFromGateway = metadata.get(GATEWAY_NAME) !== undefined;
  }
}

/** The token that a call shows, if any. */
export function tokenOf({ metadata }: ServerCall): string | undefined {
  return credentialsOf(metadata).token;
}

/**
 * In whose name a call is made. While authentication is off it is nobody's, and so is one without
 * token and certificate; with a token that is not valid it is an impostor's, whom `admit` refuses.
 */
export function requesterOf(auth: Authentication, call: ServerCall): Requester {
  if (!auth.enabled) return NOBODY;
  const { token, isFromGateway } = credentialsOf(call.metadata);
  if (token !== undefined) return auth.tokens.requesterOf(token, auth.revision) ?? IMPOSTOR;
  if (!auth.usesCommonNames || isFromGateway) return NOBODY;
  const { commonName } = call.remote;
  return commonName === undefined ? NOBODY : auth.named(commonName);
}

/** Refuses a range of keys that the sender of a call may not read now, by throwing. */
export function requireReadable(
  auth: Authentication,
  call: ServerCall,
  { key, rangeEnd }: RangeRequest,
): void {
  const requester = requesterOf(auth, call);
  requester.admit();
  auth.store.checkRead(requester, key, rangeEnd);
  auth.store.checkPresent(requester);
}

/** Refuses a call of nobody in particular, by throwing; while authentication is off none. */
export function requireUser(auth: Authentication, call: ServerCall): Requester {
  const requester = requesterOf(auth, call);
  requester.admit();
  if (auth.enabled && requester.authRevision === 0) throw ETCD_ERRORS.userEmpty;
  return requester;
}

/**
 * Refuses whomever a write is refused to whatever it says, by throwing. That is decided when it is
 * applied; but what strangers ask for is not worth an entry of the log, as which etcd takes it.
 */
export function admitWriter({ store }: Authentication, requester: Requester): void {
  requester.admit();
  store.rightsOf(requester);
}

/** Refuses a call of anybody but a user with the role root, by throwing. */
export function requireRoot(auth: Authentication, call: ServerCall): Requester {
  const requester = requesterOf(auth, call);
  requester.admit();
  auth.store.checkRoot(requester);
  return requester;
}

function credentialsOf(metadata: Metadata): Credentials {
  const { memo } = metadata;
  if (memo instanceof Credentials) return memo;
  const credentials = new Credentials(metadata);
  metadata.memo = credentials;
  return credentials;
}
