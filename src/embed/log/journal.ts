import { concatBytes } from "../../base/bytes.ts";
import { openUnixDatagram, type UnixDatagramSender } from "../../net/unix_datagram.ts";
import type { LogEvent } from "../config/log_line.ts";
import type { LogOutput } from "../config/log_output.ts";
import { ConfigError } from "../config/errors.ts";
import { CONFIG_LIMITS } from "../config/limits.ts";

/** Where systemd's journal takes datagrams. */
const JOURNAL_SOCKET = "/run/systemd/journal/socket";

/** syslog's numbers for how bad something is. */
const PRIORITIES: Readonly<Record<string, number>> = {
  debug: 7,
  info: 6,
  warn: 4,
  error: 3,
  fatal: 2,
};

/** What the journal files our lines under. */
const IDENTIFIER = "detcd";

/**
 * Sends lines to systemd's journal with the fields that etcd gives them. A line that the journal does
 * not take goes to `fallback`. Throws a ConfigError in etcd's words when there is no journal, and
 * UnixDatagramsUnavailable when this process cannot speak to it.
 */
export function openJournal(fallback: LogOutput, socketPath: string = JOURNAL_SOCKET): LogOutput {
  if (!socketPath.startsWith("@")) requireSocket(socketPath);
  return new Journal(openUnixDatagram(socketPath), fallback);
}

function requireSocket(path: string): void {
  try {
    Deno.lstatSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError(`dial unixgram ${path}: connect: no such file or directory`, {
      cause: error,
    });
  }
}

/** Sends lines one after the other, as fast as the journal takes them. */
export class Journal implements LogOutput {
  readonly #sender: UnixDatagramSender;
  readonly #fallback: LogOutput;
  #isClosing = false;
  #unsentCount = 0;
  /** One datagram at a time, since a socket sends only one, and lines are to stay in order. */
  #lastSend: Promise<void> = Promise.resolve();

  constructor(sender: UnixDatagramSender, fallback: LogOutput) {
    this.#sender = sender;
    this.#fallback = fallback;
  }

  write(line: string, event: LogEvent): void {
    if (this.#unsentCount >= CONFIG_LIMITS.journalLines) return this.#fallback.write(line, event);
    this.#unsentCount++;
    this.#lastSend = this.#lastSend
      .then(() => this.#sender.send(encodeJournalEntry(line, event)))
      .catch(() => this.#fallback.write(line, event))
      .finally(() => this.#sent());
  }

  /** The last lines are the ones that tell how it ended, so the socket waits for them. */
  close(): void {
    this.#isClosing = true;
    if (this.#unsentCount === 0) this.#sender.close();
  }

  #sent(): void {
    this.#unsentCount--;
    if (this.#isClosing && this.#unsentCount === 0) this.#sender.close();
  }
}

/** The journal's own protocol: a field a line, and where a value has line breaks, its length. */
export function encodeJournalEntry(line: string, event: LogEvent): Uint8Array<ArrayBuffer> {
  const fields: Readonly<Record<string, string>> = {
    MESSAGE: line.replace(/\n$/, ""),
    PRIORITY: String(PRIORITIES[event.level] ?? PRIORITIES.info),
    PACKAGE: event.caller.split("/", 1)[0],
    SYSLOG_IDENTIFIER: IDENTIFIER,
  };
  return concatBytes(Object.entries(fields).map(([name, value]) => encodeField(name, value)));
}

function encodeField(name: string, value: string): Uint8Array {
  const encoder = new TextEncoder();
  if (!value.includes("\n")) return encoder.encode(`${name}=${value}\n`);
  const head = encoder.encode(`${name}\n`);
  const body = encoder.encode(`${value}\n`);
  const entry = new Uint8Array(head.length + 8 + body.length);
  entry.set(head, 0);
  new DataView(entry.buffer).setBigUint64(head.length, BigInt(body.length - 1), true);
  entry.set(body, head.length + 8);
  return entry;
}
