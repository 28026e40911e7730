/** Where a log line was made. */
interface CallSite {
  /** The file with the directory that it is in and the line, as `server/etcd_server.ts:123`. */
  readonly caller: string;
  /** The functions below, each with its file on a line of its own. */
  readonly stack: string;
}

const NOWHERE: CallSite = { caller: "", stack: "" };

/** A frame of V8's stack traces: a function, if it has a name, and file, line and column. */
const FRAME = /^\s+at (?:async )?(?:(.*?) \()?((?:file|https?):\/\/.*?):(\d+):\d+\)?$/;

/** Calls of the logger itself, which are on top of the stack. */
const LOGGER_FILE = "/embed/logging.ts";

/** Deep enough for the logger's own frames and those that explain an error. */
const STACK_DEPTH = 40;

/** Says who called the logger; to be called from inside the logger. */
export function loggingCallSite(): CallSite {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  const text = new Error().stack ?? "";
  Error.stackTraceLimit = depth;
  return callSiteIn(text);
}

/** Reads a stack trace whose topmost frames are the logger's own. */
function callSiteIn(text: string): CallSite {
  const frames = text.split("\n").flatMap(frameOf);
  const last = frames.findLastIndex(({ url }) => url.endsWith(LOGGER_FILE));
  const callers = frames.slice(last + 1);
  const [first] = callers;
  if (first === undefined) return NOWHERE;
  const stack = callers.map(({ name, url, line }) => `${name}\n\t${url}:${line}`).join("\n");
  return { caller: `${shortPath(first.url)}:${first.line}`, stack };
}

interface Frame {
  readonly name: string;
  readonly url: string;
  readonly line: string;
}

function frameOf(line: string): Frame[] {
  const found = FRAME.exec(line);
  if (found === null) return [];
  const [, name = "(anonymous)", url, lineNumber] = found;
  return [{ name, url, line: lineNumber }];
}

/** The last two parts of a URL. */
function shortPath(url: string): string {
  return url.split("/").slice(-2).join("/");
}
