import { messageOf } from "../base/error_message.ts";
import { joinHostPort } from "../base/host_port.ts";

/** An SRV record as DNS has it. */
export interface SrvRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Asks DNS for the SRV records of a name. */
export type SrvResolver = (name: string) => Promise<readonly SrvRecord[]>;

/** A server that DNS names. */
export interface SrvEndpoint {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What DNS said. */
interface SrvAnswer {
  /** The servers, those with TLS in front. */
  readonly endpoints: readonly SrvEndpoint[];
  /** Why names could not be looked up, one line each. */
  readonly problems: readonly string[];
}

/** What clients of etcd are announced as, with TLS and without. */
const SERVICES = [
  { scheme: "https", service: "etcd-client-ssl" },
  { scheme: "http", service: "etcd-client" },
] as const;

/** Looks up where the servers of a domain are for clients; the service name may be empty. */
export async function lookUpServers(
  domain: string,
  serviceName: string,
  resolve: SrvResolver,
): Promise<SrvAnswer> {
  const suffix = serviceName === "" ? "" : `-${serviceName}`;
  const endpoints: SrvEndpoint[] = [];
  const problems: string[] = [];
  for (const { scheme, service } of SERVICES) {
    const name = `_${service}${suffix}._tcp.${domain}`;
    try {
      const records = await resolve(name);
      endpoints.push(...records.map((record) => endpointOf(record, scheme)));
    } catch (error) {
      problems.push(`lookup ${name}: ${messageOf(error)}`);
    }
  }
  return { endpoints, problems };
}

function endpointOf({ target, port, priority, weight }: SrvRecord, scheme: string): SrvEndpoint {
  // DNS ends a full name with a dot, a URL does not.
  const host = target.replace(/\.$/, "");
  return { host, port, priority, weight, url: `${scheme}://${joinHostPort(host, String(port))}` };
}
