import { lookup } from "node:dns/promises";
import type { EndpointUrl } from "../../base/endpoint_url.ts";
import { messageOf } from "../../base/error_message.ts";
import { joinHostPort, splitHostPort } from "../../base/host_port.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { CONFIG_LIMITS } from "./limits.ts";

/** One SRV record, as far as it matters here. */
export interface ServiceRecord {
  /** The host, perhaps with the dot that ends a full name. */
  readonly target: string;
  /** The port at that host. */
  readonly port: number;
}

/** What DNS is asked for; tests answer themselves. */
export interface DnsResolver {
  /** The SRV records of a name. */
  services(name: string): Promise<readonly ServiceRecord[]>;
  /** The first IP address of a host. */
  address(host: string): Promise<string>;
}

/** Asks the machine's resolver. */
export const systemDnsResolver: DnsResolver = {
  services: (name) => Deno.resolveDns(name, "SRV"),
  address: async (host) => (await lookup(host)).address,
};

/** See Config.getDnsClusterNames(). */
export async function dnsClusterNames(config: Config, resolver: DnsResolver): Promise<string[]> {
  const suffix = config.dnsClusterServiceName === "" ? "" : `-${config.dnsClusterServiceName}`;
  const secure = await namesOfService(config, resolver, "https", `etcd-server-ssl${suffix}`);
  const plain = await namesOfService(config, resolver, "http", `etcd-server${suffix}`);
  const names = [...secure.names, ...plain.names];
  if (names.length > 0) return names;
  const errors = [secure.error, plain.error].filter((error) => error !== undefined);
  throw new ConfigError(errors.map((error) => error.message).join("\n"), { cause: errors[0] });
}

interface ServiceNames {
  readonly names: readonly string[];
  readonly error: Error | undefined;
}

async function namesOfService(
  config: Config,
  resolver: DnsResolver,
  scheme: string,
  service: string,
): Promise<ServiceNames> {
  try {
    const query = new ServiceQuery(config, resolver, scheme, service);
    return { names: await query.run(), error: undefined };
  } catch (error) {
    const why = messageOf(error);
    const told = new ConfigError(`error querying DNS SRV records for _${service} ${why}`);
    return { names: [], error: told };
  } finally {
    config.getLogger("embed").info(`get cluster for ${service} SRV`, {
      "service-scheme": scheme,
      "discovery-srv": config.dnsCluster,
    });
  }
}

/** The members that the records of one service name. */
class ServiceQuery {
  readonly #config: Config;
  readonly #resolver: DnsResolver;
  readonly #scheme: string;
  readonly #service: string;
  /** Members whose names DNS does not tell are numbered. */
  #unnamedCount = 0;
  #lastProblem: unknown;

  constructor(config: Config, resolver: DnsResolver, scheme: string, service: string) {
    this.#config = config;
    this.#resolver = resolver;
    this.#scheme = scheme;
    this.#service = service;
  }

  /** Throws when no member is found. */
  async run(): Promise<string[]> {
    const ownUrls = await this.#ownUrls();
    const name = `_${this.#service}._tcp.${this.#config.dnsCluster}`;
    const records = await this.#resolver.services(name);
    const members: string[] = [];
    for (const record of records.slice(0, CONFIG_LIMITS.srvRecords)) {
      const member = await this.#memberOf(record, ownUrls);
      if (member !== undefined) members.push(member);
    }
    if (members.length === 0) throw this.#lastProblem ?? new Error("no records found");
    return members;
  }

  /** This member's own URLs by the addresses that they resolve to. */
  async #ownUrls(): Promise<Map<string, EndpointUrl>> {
    const urls = new Map<string, EndpointUrl>();
    for (const url of this.#config.advertisePeerUrls) {
      const { host, port } = splitHostPort(url.host);
      urls.set(joinHostPort(await this.#resolver.address(host), port), url);
    }
    return urls;
  }

  async #memberOf(
    record: ServiceRecord,
    ownUrls: ReadonlyMap<string, EndpointUrl>,
  ): Promise<string | undefined> {
    // DNS ends a full name with a dot, a URL does not.
    const host = record.target.replace(/\.$/, "");
    const address = await this.#addressOf(host);
    if (address === undefined) return undefined;
    const ownUrl = ownUrls.get(joinHostPort(address, record.port));
    const isNamed = ownUrl !== undefined && this.#config.name !== "";
    const name = isNamed ? this.#config.name : String(this.#unnamedCount++);
    const url = `${this.#scheme}://${joinHostPort(host, record.port)}`;
    if (ownUrl !== undefined && ownUrl.scheme !== this.#scheme) {
      this.#lastProblem = new Error(
        `bootstrap at ${url} from DNS for ${this.#service} has scheme mismatch with ` +
          `expected peer ${ownUrl}`,
      );
      return undefined;
    }
    return `${name}=${url}`;
  }

  /** A record whose host is unknown is passed over, as in etcd. */
  async #addressOf(host: string): Promise<string | undefined> {
    try {
      return await this.#resolver.address(host);
    } catch (error) {
      this.#lastProblem = error;
      return undefined;
    }
  }
}
