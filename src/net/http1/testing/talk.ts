import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ManualClock } from "../../../base/manual_clock.ts";
import type { ExchangeHandler } from "../../http/exchange.ts";
import { FakeSocket } from "../../http2/testing/fake_socket.ts";
import { LOCAL_END } from "../../remote_end.ts";
import { Http1Connection } from "../connection.ts";
import { Http1Context } from "../context.ts";

/** A connection whose client is the test: it takes what it is sent when it says so. */
export class Talk {
  readonly socket = new FakeSocket();
  readonly clock = new ManualClock();
  readonly connection: Http1Connection;
  received = "";

  constructor(handler: ExchangeHandler) {
    const context = new Http1Context({ clock: this.clock, handler });
    this.connection = new Http1Connection(this.socket, LOCAL_END, context, () => {});
    this.connection.start(Buffer.alloc(0));
  }

  /** Sends a text; what the server says of it at once is on its way then. */
  async say(text: string): Promise<void> {
    this.socket.emitData(Buffer.from(text, "latin1"));
    await Promise.resolve();
  }

  /** Takes one write; what it lets go out next is not taken. */
  takeOne(): void {
    this.socket.completeWrite();
    this.received += this.socket.takeWritten().toString("latin1");
  }

  /** Takes everything. */
  takeAll(): void {
    this.received += this.socket.take().toString("latin1");
  }

  end(): void {
    this.connection.destroy();
    assert.equal(this.clock.timerCount, 0);
  }
}
