import { severityOf } from "../config/log_line.ts";

/** The words of 2018 that today's logger does not have. */
const OLD_LEVELS: Readonly<Record<string, string>> = {
  critical: "fatal",
  notice: "info",
  trace: "debug",
  c: "fatal",
  e: "error",
  w: "warn",
  n: "info",
  i: "info",
  d: "debug",
  t: "debug",
};

/** The packages of etcd whose part in the server has another name here. */
const ROOMS: Readonly<Record<string, string>> = {
  etcdserver: "server",
  "etcdserver/api/etcdhttp": "http",
};

/** What `--log-package-levels` says. */
interface PackageLevels {
  /** A level for each part of the server that is named. */
  readonly levels: ReadonlyMap<string, string>;
  /** What cannot be read; in 2018 that was a warning, too. */
  readonly unreadable: readonly string[];
}

/** Reads pairs such as `etcdserver=WARNING,embed=DEBUG`. */
export function parsePackageLevels(text: string): PackageLevels {
  const levels = new Map<string, string>();
  const unreadable: string[] = [];
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const [name, word = "", ...rest] = pair.trim().split("=");
    const level = levelOf(word);
    if (level === undefined || rest.length > 0) unreadable.push(pair);
    else levels.set(ROOMS[name] ?? name, level);
  }
  return { levels, unreadable };
}

function levelOf(word: string): string | undefined {
  const level = OLD_LEVELS[word.toLowerCase()] ?? word;
  return word === "" || severityOf(level) === undefined ? undefined : level;
}
