import type { Member } from "../../core/members/member.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { Member as MemberMessage, MemberListRequest } from "../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../pb/services.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requireUser } from "./access.ts";
import { respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing, whenReadable } from "./calls.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

const MEMBERS_TAG = 0x12;
/** The Cluster service leaves the store's revision out of its headers. */
const NO_REVISION = 0;

/** etcdserverpb.Cluster, as far as a single member has it. */
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
    registry.addUnary(
      CLUSTER_SERVICE.memberList.path,
      refusing((call, bytes, start, end) => this.#list(call, bytes, start, end)),
    );
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
