import type { ServiceRegistry } from "../../api/service_registry.ts";
import { LeaseTimeToLiveResponse } from "../../pb/etcdserverpb.ts";
import { LEASE_SERVICE } from "../../pb/services.ts";
import type { Forwarder } from "./forwarding.ts";
import type { Namespace } from "./namespace.ts";

/** etcdserverpb.Lease: all is passed on; the keys of a lease are those that the client knows. */
export function registerLeases(
  registry: ServiceRegistry,
  forwarder: Forwarder,
  namespace: Namespace,
): void {
  const { leaseGrant, leaseRevoke, leaseKeepAlive, leaseTimeToLive, leaseLeases } = LEASE_SERVICE;
  for (const { path } of [leaseGrant, leaseRevoke, leaseLeases]) {
    registry.addUnary(path, forwarder.unary());
  }
  registry.addStream(leaseKeepAlive.path, forwarder.stream(), "bidi_stream");
  registry.addUnary(
    leaseTimeToLive.path,
    forwarder.unary((bytes) => {
      if (namespace.isEmpty) return bytes;
      const response = LeaseTimeToLiveResponse.decode(bytes);
      response.keys = response.keys.map((key) => namespace.leaveKey(key));
      return LeaseTimeToLiveResponse.encode(response);
    }),
  );
}
