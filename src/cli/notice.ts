import type { LogFields, Logger } from "../base/log.ts";

/** Something to log once the log is set up. */
export interface Notice {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields: LogFields;
}

/** Logs what came up before there was a log. */
export function logNotices(logger: Logger, notices: readonly Notice[]): void {
  for (const { level, message, fields } of notices) logger[level](message, fields);
}
