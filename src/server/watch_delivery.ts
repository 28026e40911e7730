import type { Store } from "../core/mvcc/store.ts";
import { WatchHub } from "../core/mvcc/watch_hub.ts";
import { BackgroundWork } from "./background.ts";
import type { ServerCounts } from "./counts/server_counts.ts";
import { SERVER_LIMITS } from "./limits.ts";
import type { ServerConfig } from "./server_config.ts";

/** Makes the hub at which all watches of a store are. */
export function newWatchHub(config: ServerConfig, store: Store): WatchHub {
  return new WatchHub(store, {
    maxResponseBytes: config.maxRequestBytes + SERVER_LIMITS.messageOverheadBytes,
    progressNotifyIntervalMs: config.watchProgressNotifyIntervalMs,
    prng: config.prng,
  });
}

/** The work of telling watchers what was applied, and those that are behind what they missed. */
export function newWatchDelivery(
  { clock }: ServerConfig,
  hub: WatchHub,
  { watches }: ServerCounts,
  failed: (error: unknown) => void,
): BackgroundWork {
  const nowMs = () => clock.monotonicMs();
  const deliver = () => {
    hub.notify();
    return hub.catchUp(SERVER_LIMITS.watchCatchUpSteps);
  };
  return new BackgroundWork(() => watches.deliver(hub, nowMs, deliver), failed, clock);
}
