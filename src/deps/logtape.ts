/** Logging that stays silent until a program configures it. */
export {
  configureSync,
  getConfig,
  getLogger,
  type LogRecord,
  resetSync,
} from "npm:@logtape/logtape@2.4.2";
