import {
  DEFAULT_LOG_OUTPUT,
  DEFAULT_LOG_ROTATION_CONFIG,
  DEFAULT_LOGGING_FORMAT,
  DEFAULT_WARNING_APPLY_DURATION_MS,
  DEFAULT_WARNING_UNARY_REQUEST_DURATION_MS,
} from "./constants.ts";
import { UNIQUE_TEXT_LIST, URL_LIST } from "./list_kinds.ts";
import { BOOL, DURATION, TEXT } from "./scalar_kinds.ts";
import { own, rowsOf } from "./setting.ts";

const row = rowsOf("Profiling and Monitoring");
const logRow = rowsOf("Logging");

/** What can be seen of the member from outside. */
export const MONITORING_SETTINGS = {
  enablePprof: row(BOOL, own("enablePprof"), {
    flag: "enable-pprof",
    default: false,
    status: "works",
    help: "Serve runtime profiles under /debug/pprof/ of the client URLs.",
  }),
  metrics: row(TEXT, own("metrics"), {
    flag: "metrics",
    default: "basic",
    status: "works",
    help: "Which metrics are served: 'basic', or 'extensive' for histograms of gRPC calls too.",
  }),
  listenMetricsUrls: row(URL_LIST, own("listenMetricsUrls"), {
    flag: "listen-metrics-urls",
    default: [],
    status: "works",
    help: "Further URLs to listen on for metrics and health, separated by commas.",
  }),
};

/** What the member says of what it does, and where. */
export const LOGGING_SETTINGS = {
  logger: logRow(TEXT, own("logger"), {
    flag: "logger",
    default: "zap",
    status: "works",
    help: "Form of the log; 'zap' (structured lines) is the only one.",
  }),
  logOutputs: logRow(UNIQUE_TEXT_LIST, own("logOutputs"), {
    flag: "log-outputs",
    default: [DEFAULT_LOG_OUTPUT],
    status: "works",
    help: "Where log lines go, separated by commas: 'default' and 'stderr' are standard error, " +
      "'stdout' is standard output, 'systemd/journal' is the journal, anything else is a file.",
  }),
  logLevel: logRow(TEXT, own("logLevel"), {
    flag: "log-level",
    default: "info",
    status: "works",
    help: "Least important lines to log: debug, info, warn, error, panic or fatal.",
  }),
  logFormat: logRow(TEXT, own("logFormat"), {
    flag: "log-format",
    default: DEFAULT_LOGGING_FORMAT,
    status: "works",
    help: "Form of a log line: json or console.",
  }),
  enableLogRotation: logRow(BOOL, own("enableLogRotation"), {
    flag: "enable-log-rotation",
    default: false,
    status: "works",
    help: "Start a new log file when the old one is large.",
  }),
  logRotationConfigJson: logRow(TEXT, own("logRotationConfigJson"), {
    flag: "log-rotation-config-json",
    default: DEFAULT_LOG_ROTATION_CONFIG,
    status: "works",
    help: "When to start a new log file (megabytes) and which old ones to keep (days, number).",
  }),
  warningUnaryRequestDurationMs: logRow(DURATION, own("warningUnaryRequestDurationMs"), {
    flag: "warning-unary-request-duration",
    default: DEFAULT_WARNING_UNARY_REQUEST_DURATION_MS,
    status: "works",
    help: "A request that takes longer is logged as a warning.",
  }),
  warningApplyDurationMs: logRow(DURATION, own("warningApplyDurationMs"), {
    flag: "warning-apply-duration",
    default: DEFAULT_WARNING_APPLY_DURATION_MS,
    status: "works",
    help: "Applying an entry that takes longer is logged as a warning.",
  }),
};
