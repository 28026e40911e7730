import { type LogFields, type Logger, silentLogger } from "../log.ts";

/** A line of a log. */
interface RecordedLine {
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger, and the warnings that it got. */
export function recordingLogger(): { readonly lines: RecordedLine[]; readonly logger: Logger } {
  const lines: RecordedLine[] = [];
  const warn = (message: string, fields: LogFields = {}) => void lines.push({ message, fields });
  return { lines, logger: { ...silentLogger, warn } };
}
