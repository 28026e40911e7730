import process from "node:process";
import type { Registry } from "../../deps/prom_client.ts";
import { counter, gauge, registerValue } from "./read_value.ts";

/** Adds what dashboards read of the process itself, by Prometheus' usual names. */
export function registerProcessMetrics(registry: Registry): void {
  const startedSeconds = (Date.now() - performance.now()) / 1000;
  const values = [
    gauge(
      "process_resident_memory_bytes",
      "Resident memory size in bytes.",
      () => process.memoryUsage().rss,
    ),
    gauge(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
      () => startedSeconds,
    ),
    counter(
      "process_cpu_seconds_total",
      "Total user and system CPU time spent in seconds.",
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
    ),
  ];
  for (const value of values) registerValue(registry, value);
}
