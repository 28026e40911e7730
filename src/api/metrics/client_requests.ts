import type { GrpcMethod } from "../../net/grpc/method.ts";
import type { ObservedHead } from "../../net/grpc/observer.ts";
import { METRICS_LIMITS } from "./limits.ts";

/** By this metadata a client tells the version of its API. */
const VERSION_KEY = "client-api-version";
const UNKNOWN_VERSION = "unknown";
/** What versions beyond the bound, or no versions at all, are counted as. */
const OTHER_VERSION = "other";

/** Calls of one kind by clients of one version. */
class ClientRequestCount {
  readonly type: "unary" | "stream";
  readonly version: string;
  count = 0;

  constructor(type: "unary" | "stream", version: string) {
    this.type = type;
    this.version = version;
  }
}

/** Counts calls by the version that the client says it has. */
export class ClientRequests {
  readonly #counts = new Map<string, ClientRequestCount>();
  readonly #versions = new Set<string>();

  /** One for each kind of call and version. */
  get all(): Iterable<ClientRequestCount> {
    return this.#counts.values();
  }

  started(method: GrpcMethod, head: ObservedHead): void {
    const memo = head.observerMemo;
    const known = memo instanceof ClientRequestCount ? memo : this.#find(method, head);
    known.count++;
  }

  #find(method: GrpcMethod, head: ObservedHead): ClientRequestCount {
    const type = method.type === "unary" ? "unary" : "stream";
    const version = this.#versionOf(head);
    const key = `${type} ${version}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = new ClientRequestCount(type, version);
      this.#counts.set(key, count);
    }
    head.observerMemo = count;
    return count;
  }

  #versionOf({ metadata }: ObservedHead): string {
    const version = metadata.get(VERSION_KEY) ?? UNKNOWN_VERSION;
    if (this.#versions.has(version)) return version;
    const { clientVersions, clientVersionCharacters } = METRICS_LIMITS;
    const isTooMany = this.#versions.size >= clientVersions;
    if (isTooMany || version.length > clientVersionCharacters) return OTHER_VERSION;
    this.#versions.add(version);
    return version;
  }
}
