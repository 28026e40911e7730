/** The APIs whose streams etcd counts the failures of, in its words. */
type StreamApi = "watch" | "lease-keepalive";

/** How often streams failed that neither their client nor this server had ended. */
export class StreamFailures {
  /** Requests that could not be read, by API. */
  readonly receives = new Map<StreamApi, number>();

  received(api: StreamApi): void {
    this.receives.set(api, (this.receives.get(api) ?? 0) + 1);
  }
}
