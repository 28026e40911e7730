import { readdirSync, readFileSync } from "node:fs";

/** Linux tells a process of itself in files here. */
const SELF = "/proc/self";

/** What Linux writes where there is no limit; as a number, the largest there is. */
const UNLIMITED = "unlimited";
const UNLIMITED_VALUE = 2 ** 64;

/** How many file descriptors are open; undefined where that cannot be found out. */
export function openFileCount(): number | undefined {
  // Reading the directory opens it, and that one is not meant.
  return attempt(() => readdirSync(`${SELF}/fd`).length - 1);
}

/** How many file descriptors may be open; undefined where that cannot be found out. */
export function openFileLimit(): number | undefined {
  return softLimit("Max open files");
}

/** The most virtual memory that may be taken, in bytes. */
export function virtualMemoryLimitBytes(): number | undefined {
  return softLimit("Max address space");
}

/** The virtual memory that is taken, in bytes. */
export function virtualMemoryBytes(): number | undefined {
  return attempt(() => {
    const text = readFileSync(`${SELF}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold anything, so what counts is
    // behind the last one; there the size is the 21st field.
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[20]);
  });
}

/** Bytes that went over the network, of all processes that share it with this one. */
interface NetworkBytes {
  readonly received: number;
  readonly sent: number;
}

/** Undefined where that cannot be found out. */
export function networkBytes(): NetworkBytes | undefined {
  return attempt(() => parseNetworkBytes(readFileSync(`${SELF}/net/netstat`, "utf8")));
}

/** Reads the pair of lines that begin with `IpExt:`: names above values. */
export function parseNetworkBytes(text: string): NetworkBytes | undefined {
  const [names, values] = text.split("\n").filter((line) => line.startsWith("IpExt:"))
    .map((line) => line.split(" "));
  if (values === undefined) return undefined;
  const valueOf = (name: string): number => Number(values[names.indexOf(name)]);
  return { received: valueOf("InOctets"), sent: valueOf("OutOctets") };
}

function softLimit(name: string): number | undefined {
  return attempt(() => parseSoftLimit(readFileSync(`${SELF}/limits`, "utf8"), name));
}

/** The first number behind a name in a file that is a table: name, soft limit, hard limit, unit. */
export function parseSoftLimit(text: string, name: string): number | undefined {
  const line = text.split("\n").find((each) => each.startsWith(name));
  const value = line?.slice(name.length).trim().split(/\s+/)[0];
  if (value === undefined) return undefined;
  return value === UNLIMITED ? UNLIMITED_VALUE : Number(value);
}

/** Only Linux has these files, and Deno lets only those read them who may do everything. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
