import process from "node:process";
import { counter, counters, gauge, gauges, type MetricFamily, optional } from "./family.ts";
import {
  networkBytes,
  openFileCount,
  openFileLimit,
  virtualMemoryBytes,
  virtualMemoryLimitBytes,
} from "./process_files.ts";

/** What dashboards read of the process itself, by Prometheus' usual names. */
export function processMetrics(): MetricFamily[] {
  return [...timeMetrics(), ...memoryMetrics(), ...fileMetrics(), ...networkMetrics()];
}

function timeMetrics(): MetricFamily[] {
  const startedSeconds = (Date.now() - performance.now()) / 1000;
  return [
    gauge(
      "process_start_time_seconds",
      "When the process began, in seconds since 1970.",
      () => startedSeconds,
    ),
    counter(
      "process_cpu_seconds_total",
      "Processor time that the process has taken.",
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
    ),
  ];
}

function memoryMetrics(): MetricFamily[] {
  return [
    gauge(
      "process_resident_memory_bytes",
      "Memory of the process that is resident.",
      () => process.memoryUsage().rss,
    ),
    optional(
      gauges,
      "process_virtual_memory_bytes",
      "Virtual memory of the process.",
      virtualMemoryBytes,
    ),
    optional(
      gauges,
      "process_virtual_memory_max_bytes",
      "The most virtual memory that the process may take.",
      virtualMemoryLimitBytes,
    ),
  ];
}

function fileMetrics(): MetricFamily[] {
  const used = "File descriptors that are open.";
  const limit = "File descriptors that may be open.";
  return [
    optional(gauges, "os_fd_used", used, openFileCount),
    optional(gauges, "os_fd_limit", limit, openFileLimit),
    optional(gauges, "process_open_fds", used, openFileCount),
    optional(gauges, "process_max_fds", limit, openFileLimit),
  ];
}

function networkMetrics(): MetricFamily[] {
  return [
    optional(
      counters,
      "process_network_receive_bytes_total",
      "Bytes received over the network by all processes that share it with this one.",
      () => networkBytes()?.received,
    ),
    optional(
      counters,
      "process_network_transmit_bytes_total",
      "Bytes sent over the network by all processes that share it with this one.",
      () => networkBytes()?.sent,
    ),
  ];
}
