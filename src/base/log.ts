/** What a log line carries beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a room reports what it does. Rooms take one as argument and know nothing of where the
 * lines go, so that a program which embeds a server decides that, and a test can read them.
 */
export interface Logger {
  /** What only somebody who hunts a defect wants to see. */
  debug(message: string, fields?: LogFields): void;
  /** What an operator wants to find afterwards. */
  info(message: string, fields?: LogFields): void;
  /** What works but should not have happened. */
  warn(message: string, fields?: LogFields): void;
  /** What did not work. */
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
