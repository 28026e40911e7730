import { ETCD_ERRORS } from "../../core/errors.ts";
import { encodeMember, type Member } from "../../core/members/member.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import {
  Member as MemberMessage,
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
} from "../../pb/etcdserverpb.ts";
import { ConfChangeType } from "../../pb/raftpb.ts";
import { CLUSTER_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requireRoot, requireUser } from "./access.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing, whenReadable } from "./calls.ts";
import { checkNewMember, checkPromotion, checkRemoval, peerUrlsOf } from "./member_checks.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

const MEMBERS_TAG = 0x12;
/** The Cluster service leaves the store's revision out of its headers. */
const NO_REVISION = 0;

/** etcdserverpb.Cluster, as far as a single member has it: what would add to it is refused. */
export class ClusterService {
  readonly #server: EtcdServer;
  readonly #writeMembers: ResponseWriter<readonly Member[]>;

  constructor(server: EtcdServer) {
    this.#server = server;
    const header = new ResponseHeaderWriter(server);
    this.#writeMembers = (writer, members) => {
      header.writeAt(writer, NO_REVISION);
      for (const member of members) {
        writer.tag(MEMBERS_TAG);
        const start = writer.beginMessage();
        MemberMessage.write(memberMessage(member), writer);
        writer.endMessage(start);
      }
    };
  }

  register(registry: ServiceRegistry): void {
    const { memberAdd, memberRemove, memberUpdate, memberList, memberPromote } = CLUSTER_SERVICE;
    registry.addUnary(memberAdd.path, refusing((c, b, start, end) => this.#add(c, b, start, end)));
    registry.addUnary(
      memberRemove.path,
      refusing((c, b, start, end) => this.#remove(c, b, start, end)),
    );
    registry.addUnary(
      memberUpdate.path,
      refusing((c, b, start, end) => this.#update(c, b, start, end)),
    );
    registry.addUnary(
      memberList.path,
      refusing((call, bytes, start, end) => this.#list(call, bytes, start, end)),
    );
    registry.addUnary(
      memberPromote.path,
      refusing((c, b, start, end) => this.#promote(c, b, start, end)),
    );
  }

  #add(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { peerUrls, isLearner } = MemberAddRequest.decode(bytes, start, end);
    const urls = peerUrlsOf(peerUrls);
    requireRoot(this.#server.auth, call);
    const { membership, config: { maxLearners } } = this.#server;
    whenReadable(this.#server, call, () => {
      checkNewMember(membership, urls, isLearner, maxLearners);
    });
  }

  #remove(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { id } = MemberRemoveRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    whenReadable(this.#server, call, () => {
      checkRemoval(this.#server.membership, id);
    });
  }

  #update(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { id, peerUrls } = MemberUpdateRequest.decode(bytes, start, end);
    // As in etcd they keep their order; etcd would take what are no URLs as well.
    peerUrlsOf(peerUrls);
    requireRoot(this.#server.auth, call);
    whenReadable(this.#server, call, () => {
      const member = this.#server.membership.get(id);
      if (member === undefined) throw ETCD_ERRORS.memberNotFound;
      // As in etcd, the change tells nothing of the member but what is to be changed.
      const changed = { id, peerUrls, isLearner: false, name: "", clientUrls: [] };
      const change = {
        type: ConfChangeType.ConfChangeUpdateNode,
        nodeId: id,
        context: encodeMember(changed),
      };
      this.#server.changeMembers(change, this.#answerMembers(call));
    });
  }

  #list(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const request = MemberListRequest.decode(bytes, start, end);
    const answer = () => {
      requireUser(this.#server.auth, call);
      respond(call, this.#writeMembers, this.#server.membership.list());
    };
    if (request.linearizable) whenReadable(this.#server, call, answer);
    else answer();
  }

  #promote(call: ServerCall, bytes: Uint8Array, start: number, end: number): void {
    const { id } = MemberPromoteRequest.decode(bytes, start, end);
    requireRoot(this.#server.auth, call);
    whenReadable(this.#server, call, () => checkPromotion(this.#server.membership, id));
  }

  /** Answers a call with the members as they are when its change is applied. */
  #answerMembers(call: ServerCall): CallWaiter<void> {
    return new CallWaiter(call, (writer) => {
      this.#writeMembers(writer, this.#server.membership.list());
    });
  }
}

function memberMessage(member: Member): MemberMessage {
  return MemberMessage.create({
    id: member.id,
    name: member.name,
    peerUrls: [...member.peerUrls],
    clientUrls: [...member.clientUrls],
    isLearner: member.isLearner,
  });
}
