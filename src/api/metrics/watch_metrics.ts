import type { EtcdServer } from "../../server/etcd_server.ts";
import { counter, gauge, histogram, type MetricFamily } from "./family.ts";

const LOOP = "etcd_debugging_server_watch_send_loop";

/** Who watches, and what it takes to serve them. */
export function watchMetrics({ hub, counts: { watches } }: EtcdServer): MetricFamily[] {
  return [
    gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", () => hub.watcherCount),
    gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams.", () => hub.streamCount),
    gauge(
      "etcd_debugging_mvcc_slow_watcher_total",
      "Watchers that are behind.",
      () => hub.laggingWatcherCount,
    ),
    counter("etcd_debugging_mvcc_events_total", "Events delivered.", () => hub.deliveredEventCount),
    gauge(
      "etcd_debugging_mvcc_pending_events_total",
      "Events that are queued for a stream: none, since a stream that is behind reads the store.",
      () => 0,
    ),
    histogram(
      `${LOOP}_watch_stream_duration_seconds`,
      "How long it took to deliver a response with events; those of one turn share it equally.",
      watches.responses,
    ),
    histogram(
      `${LOOP}_watch_stream_duration_per_event_seconds`,
      "The same for each event in it.",
      watches.events,
    ),
    histogram(
      `${LOOP}_control_stream_duration_seconds`,
      "How long it took to handle and answer a request on a watch stream.",
      watches.controls,
    ),
    histogram(
      `${LOOP}_progress_duration_seconds`,
      "How long it took to tell quiet watchers how far they are.",
      watches.notifications,
    ),
  ];
}
