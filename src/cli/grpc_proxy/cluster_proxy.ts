import { hostname } from "node:os";
import type { ServiceRegistry } from "../../api/service_registry.ts";
import { GrpcCode } from "../../base/grpc_code.ts";
import { Member, MemberListResponse } from "../../pb/etcdserverpb.ts";
import { CLUSTER_SERVICE } from "../../pb/services.ts";
import type { Forwarder } from "./forwarding.ts";
import type { ProxyRegistration } from "./registration.ts";

/** Where clients are told to go. */
interface Advertised {
  /** "" lets them see the members themselves. */
  readonly clientUrl: string;
  /** The proxies that have registered, if they do. */
  readonly registration: ProxyRegistration | undefined;
}

/**
 * etcdserverpb.Cluster: who looks for members is shown the proxies, since that is where clients are to
 * connect; changes are passed on.
 */
export function registerCluster(
  registry: ServiceRegistry,
  forwarder: Forwarder,
  advertised: Advertised,
): void {
  const { memberAdd, memberRemove, memberUpdate, memberList, memberPromote } = CLUSTER_SERVICE;
  for (const { path } of [memberAdd, memberRemove, memberUpdate]) {
    registry.addUnary(path, forwarder.unary());
  }
  // As in etcd's proxy.
  registry.addUnary(memberPromote.path, (call) => call.fail(GrpcCode.Unknown, "not implemented"));
  registry.addUnary(memberList.path, (call, bytes, start, end) => {
    if (advertised.clientUrl === "") {
      forwarder.unary()(call, bytes, start, end);
      return;
    }
    const response = MemberListResponse.encode(
      MemberListResponse.create({ members: proxiesOf(advertised) }),
    );
    call.respond(response, 0, response.length);
  });
}

function proxiesOf({ clientUrl, registration }: Advertised): Member[] {
  const registered = registration?.proxies() ?? [];
  const proxies = registered.length > 0 ? registered : [{ name: hostname(), address: clientUrl }];
  return proxies.map(({ name, address }) => Member.create({ name, clientUrls: [address] }));
}
