import { ManualClock } from "../../../base/manual_clock.ts";
import type { ClientSession } from "../client_session.ts";
import { FakeTransport } from "./fake_transport.ts";

/** A client's inside whose network and time are a test's. */
export class FakeSession implements ClientSession {
  readonly transport = new FakeTransport();
  readonly clock = new ManualClock();
  readonly #closing = new AbortController();

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Closes the client. */
  close(): void {
    this.#closing.abort();
  }
}
