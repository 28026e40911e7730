import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { HeaderList } from "../../net/hpack/header_list.ts";
import type { ExchangeListener, HttpExchange } from "../../net/http/exchange.ts";
import { type AccessPolicy, withAccessControl } from "./access_control.ts";

/** An exchange that remembers how it was answered. */
class FakeExchange implements HttpExchange {
  readonly target = "/health";
  readonly contentLengthBytes = -1;
  readonly method: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly remote: HttpExchange["remote"];
  listener: ExchangeListener | undefined;
  status: number | undefined;
  readonly added: string[] = [];

  constructor(authority: string, isEncrypted: boolean, method = "GET") {
    this.method = method;
    this.authority = authority;
    this.headers = new HeaderList(["origin", "http://a"], false);
    this.remote = { address: "", isEncrypted, commonName: undefined };
  }

  get finished(): boolean {
    return this.status !== undefined;
  }

  addHeader(name: string): void {
    this.added.push(name);
  }

  respond(status: number): void {
    this.status = status;
  }

  begin(status: number): void {
    this.status = status;
  }

  send(): boolean {
    return true;
  }

  upgrade(): undefined {
    return undefined;
  }

  allowSlowBody(): void {}
  end(): void {}
  abort(): void {}
  pause(): void {}
  resume(): void {}
}

function statusOf(exchange: FakeExchange, policy: Partial<AccessPolicy>): number | undefined {
  const whole = { origins: new Set<string>(), hosts: new Set<string>(), ...policy };
  withAccessControl(whole, silentLogger, (admitted) => admitted.respond(200, [], ""))(exchange);
  return exchange.status;
}

const HOSTS = new Set(["good", "::1"]);

Deno.test("withAccessControl() refuses hosts that are not listed", () => {
  for (const authority of ["bad", "bad:2379", "", "good.", "Good", "x:y:good"]) {
    assert.equal(statusOf(new FakeExchange(authority, false), { hosts: HOSTS }), 421, authority);
  }
  for (const authority of ["good", "good:2379", "[::1]:2379"]) {
    assert.equal(statusOf(new FakeExchange(authority, false), { hosts: HOSTS }), 200, authority);
  }
});

Deno.test("withAccessControl() leaves the host to TLS where there is TLS", () => {
  assert.equal(statusOf(new FakeExchange("bad", true), { hosts: HOSTS }), 200);
});

Deno.test("withAccessControl() takes no host, and the star, for all hosts", () => {
  for (const hosts of [new Set<string>(), new Set(["*"]), new Set(["good", "*"])]) {
    assert.equal(statusOf(new FakeExchange("bad", false), { hosts }), 200);
  }
});

Deno.test("withAccessControl() tells nothing to browsers whose request it refuses", () => {
  const exchange = new FakeExchange("bad", false, "OPTIONS");
  assert.equal(statusOf(exchange, { hosts: HOSTS }), 421);
  assert.deepEqual(exchange.added, []);
});

Deno.test("withAccessControl() adds headers for pages that may call", () => {
  const exchange = new FakeExchange("any", false);
  statusOf(exchange, { origins: new Set(["http://a"]) });
  assert.deepEqual(exchange.added.sort(), [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
  ]);
});
