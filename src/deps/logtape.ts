/** Logging that stays silent until a program configures it. */
export {
  configureSync,
  getConfig,
  getLogger,
  type LogLevel,
  type LogRecord,
  resetSync,
  type Sink,
} from "npm:@logtape/logtape@2.4.2";
