import {
  MemberAddRequest,
  MemberAddResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
} from "../../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../../pb/services.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { ClientError } from "../client_error.ts";
import type { MemberInfo } from "./member_info.ts";
import type { ClientSession } from "../client_session.ts";
import type { CallOptions } from "../transport/transport.ts";

/** How a member is added. */
export interface AddMemberOptions extends CallOptions {
  /** Adds it as a learner, which has no vote until it is promoted. Default false. */
  readonly isLearner?: boolean;
}

/** A member that was added, and what the cluster consists of now. */
export interface AddedMember {
  /** The new member; without name and client URLs until it has started. */
  readonly member: MemberInfo;
  /** All members. */
  readonly members: readonly MemberInfo[];
}

/**
 * Changes who the members of the cluster are. (detcd itself runs clusters of one member so far: it
 * refuses to add one, with code Unimplemented.)
 *
 * @example
 * ```ts
 * import { newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = etcd.client();
 * const [member] = await client.members();
 * const [updated] = await client.cluster.update(member.id, ["http://127.0.0.1:2380"]);
 * if (updated.peerUrls[0] !== "http://127.0.0.1:2380") throw new Error("not updated");
 * ```
 */
export class ClusterClient {
  readonly #session: ClientSession;

  /** Use {@linkcode Client.cluster}. */
  constructor(session: ClientSession) {
    this.#session = session;
  }

  /**
   * Adds a member by its peer URLs; it has to be started then. Rejects with InvalidArgument for what
   * are no URLs, with FailedPrecondition when another member has one of them or there are learners
   * enough.
   */
  async add(peerUrls: readonly string[], options: AddMemberOptions = {}): Promise<AddedMember> {
    const { isLearner = false } = options;
    const request = MemberAddRequest.create({ peerUrls: [...peerUrls], isLearner });
    const bytes = await this.#session.transport.unary(
      CLUSTER_SERVICE.memberAdd.path,
      MemberAddRequest.encode(request),
      options,
    );
    const { member, members } = MemberAddResponse.decode(bytes);
    if (member === undefined) {
      throw new ClientError(GrpcCode.Internal, "the server did not say which member it added");
    }
    return { member, members };
  }

  /**
   * Removes a member for good, and resolves with those that are left. Rejects with NotFound when
   * there is no such member, and with code Unknown when too few would be left.
   */
  async remove(id: bigint, options: CallOptions = {}): Promise<MemberInfo[]> {
    const request = MemberRemoveRequest.encode(MemberRemoveRequest.create({ id }));
    const path = CLUSTER_SERVICE.memberRemove.path;
    const bytes = await this.#session.transport.unary(path, request, options);
    return MemberRemoveResponse.decode(bytes).members;
  }

  /**
   * Replaces a member's peer URLs, and resolves with all members. Rejects with NotFound when there is
   * no such member, and with InvalidArgument for what are no URLs.
   */
  async update(
    id: bigint,
    peerUrls: readonly string[],
    options: CallOptions = {},
  ): Promise<MemberInfo[]> {
    const request = MemberUpdateRequest.create({ id, peerUrls: [...peerUrls] });
    const bytes = await this.#session.transport.unary(
      CLUSTER_SERVICE.memberUpdate.path,
      MemberUpdateRequest.encode(request),
      options,
    );
    return MemberUpdateResponse.decode(bytes).members;
  }

  /**
   * Gives a learner its vote, and resolves with all members. Rejects with NotFound when there is no
   * such member, with FailedPrecondition when the member is no learner or has not caught up yet.
   */
  async promote(id: bigint, options: CallOptions = {}): Promise<MemberInfo[]> {
    const request = MemberPromoteRequest.encode(MemberPromoteRequest.create({ id }));
    const path = CLUSTER_SERVICE.memberPromote.path;
    const bytes = await this.#session.transport.unary(path, request, options);
    return MemberPromoteResponse.decode(bytes).members;
  }
}
