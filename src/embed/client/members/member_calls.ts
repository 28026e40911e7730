import {
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  MemberListRequest,
  MemberListResponse,
  StatusRequest,
  StatusResponse,
} from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE, MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { HashKvOptions } from "../client_options.ts";
import {
  type HashKvResult,
  hashKvResult,
  type MemberInfo,
  type MemberStatus,
  memberStatus,
} from "./member_info.ts";
import { type ClientSession, readCall } from "../client_session.ts";
import type { CallOptions } from "../transport/transport.ts";

/** What a client asks of the member that answers, about itself and the others. */

export async function askMembers(
  session: ClientSession,
  options: CallOptions,
): Promise<MemberInfo[]> {
  const request = MemberListRequest.encode(MemberListRequest.create({ linearizable: true }));
  const bytes = await readCall(session, CLUSTER_SERVICE.memberList.path, request, options);
  return MemberListResponse.decode(bytes).members;
}

export async function askStatus(
  session: ClientSession,
  options: CallOptions,
): Promise<MemberStatus> {
  const request = StatusRequest.encode(StatusRequest.create());
  const bytes = await readCall(session, MAINTENANCE_SERVICE.status.path, request, options);
  return memberStatus(StatusResponse.decode(bytes));
}

export async function askHash(session: ClientSession, options: CallOptions): Promise<number> {
  const request = HashRequest.encode(HashRequest.create());
  const bytes = await readCall(session, MAINTENANCE_SERVICE.hash.path, request, options);
  return HashResponse.decode(bytes).hash;
}

export async function askHashKv(
  session: ClientSession,
  options: HashKvOptions,
): Promise<HashKvResult> {
  const request = HashKVRequest.create({ revision: options.revision ?? 0 });
  const encoded = HashKVRequest.encode(request);
  const bytes = await readCall(session, MAINTENANCE_SERVICE.hashKv.path, encoded, options);
  return hashKvResult(HashKVResponse.decode(bytes));
}
