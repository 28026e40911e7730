import type { ClientError } from "../../embed/client/client_error.ts";
import type { ClientSession } from "../../embed/client/client_session.ts";
import { WatchFeed } from "../../embed/client/watch/watch_feed.ts";
import { type WatchCreateRequest, WatchResponse } from "../../pb/etcdserverpb.ts";
import { type Event, EventType } from "../../pb/mvccpb.ts";
import { type ByteText, byteText, byteTextOf, quoteBytes } from "./byte_text.ts";
import type { CommandContext } from "./context.ts";
import { errorText } from "./errors.ts";
import { EXIT_CODE, SilentExit } from "./exit_code.ts";

/** So many responses wait for a program that runs for each event; then the server has to wait. */
const MOST_WAITING = 64;

/** How a server begins a reason that is a whole status; it is shown as it is. */
const STATUS_PREFIX = "rpc error: ";

/** How a watch ended: what went wrong, if anything did, and what the server said of it. */
interface WatchEnd {
  readonly error: ClientError | undefined;
  readonly response: WatchResponse;
}

/** A watch whose events are printed, and for each of which a program is run if one is given. */
export class PrintedWatch {
  readonly #context: CommandContext;
  readonly #command: readonly ByteText[];
  readonly #feed: WatchFeed;
  readonly #waiting: WatchResponse[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #isBusy = false;
  #end: WatchEnd | undefined;

  constructor(
    session: ClientSession,
    request: WatchCreateRequest,
    context: CommandContext,
    command: readonly ByteText[],
  ) {
    this.#context = context;
    this.#command = command;
    this.#feed = new WatchFeed(session, request, { requireLeader: true }, {
      created() {},
      response: (response) => this.#take(response),
      closed: (error, response = WatchResponse.create({ canceled: true })) => {
        this.#end = { error, response };
        if (!this.#isBusy) this.#finish(this.#end);
      },
    });
    // Whoever started it looks at the promise later.
    this.#ended.promise.catch(() => {});
    this.#feed.start();
  }

  /**
   * Resolves when the server has ended the watch, which has been told by then. Rejects when what
   * happened cannot be printed or the program failed.
   */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Has the server say how far the watch is. */
  requestProgress(): void {
    this.#feed.requestProgress();
  }

  #take(response: WatchResponse): void {
    this.#waiting.push(response);
    if (this.#waiting.length >= MOST_WAITING) this.#feed.pause();
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#printAll().catch((error) => {
      this.#ended.reject(error);
      this.#feed.cancel();
    });
  }

  async #printAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#waiting.length < MOST_WAITING / 2) this.#feed.resume();
      await this.#print(next);
    }
    this.#isBusy = false;
    if (this.#end !== undefined) this.#finish(this.#end);
  }

  async #print(response: WatchResponse): Promise<void> {
    const revision = response.header?.revision ?? 0;
    if (response.events.length === 0) {
      this.#context.io.stdout(`progress notify: ${revision}\n`);
    }
    this.#context.printer.watch(response);
    if (this.#command.length === 0) return;
    for (const event of response.events) await this.#run(event, revision);
  }

  async #run(event: Event, revision: number): Promise<void> {
    const { io } = this.#context;
    const failure = await io.run(this.#command, {
      ETCD_WATCH_REVISION: String(revision),
      ETCD_WATCH_EVENT_TYPE: event.type === EventType.DELETE ? '"DELETE"' : '"PUT"',
      ETCD_WATCH_KEY: quoteBytes(event.kv?.key ?? ""),
      ETCD_WATCH_VALUE: quoteBytes(byteTextOf(event.kv?.value ?? new Uint8Array(0))),
    });
    if (failure === undefined) return;
    const command = this.#command.map(quoteBytes).join(" ");
    io.stderr(`command [${command}] error (${failure.message})\n`);
    throw new SilentExit(EXIT_CODE.error);
  }

  #finish({ error, response }: WatchEnd): void {
    if (error === undefined) return this.#ended.resolve();
    const { io, printer } = this.#context;
    const { cancelReason } = response;
    const why = cancelReason.startsWith(STATUS_PREFIX) ? cancelReason : errorText(error);
    io.stderr(byteText(`watch was canceled (${why})\n`));
    try {
      printer.watch(response);
      this.#ended.resolve();
    } catch (failure) {
      this.#ended.reject(failure);
    }
  }
}
