import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { FakeExchange } from "../../net/http/testing/fake_exchange.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { type AccessPolicy, withAccessControl } from "./access_control.ts";

function requestFor(authority: string, isEncrypted: boolean, method = "GET"): FakeExchange {
  const remote = { ...LOCAL_END, isEncrypted };
  return new FakeExchange("/health", ["origin", "http://a"], { method, authority, remote });
}

function statusOf(exchange: FakeExchange, policy: Partial<AccessPolicy>): number {
  const whole = { origins: new Set<string>(), hosts: new Set<string>(), ...policy };
  withAccessControl(whole, silentLogger, (admitted) => admitted.respond(200, [], ""))(exchange);
  return exchange.status;
}

const HOSTS = new Set(["good", "::1"]);

Deno.test("withAccessControl() refuses hosts that are not listed", () => {
  for (const authority of ["bad", "bad:2379", "", "good.", "Good", "x:y:good"]) {
    assert.equal(statusOf(requestFor(authority, false), { hosts: HOSTS }), 421, authority);
  }
  for (const authority of ["good", "good:2379", "[::1]:2379"]) {
    assert.equal(statusOf(requestFor(authority, false), { hosts: HOSTS }), 200, authority);
  }
});

Deno.test("withAccessControl() leaves the host to TLS where there is TLS", () => {
  assert.equal(statusOf(requestFor("bad", true), { hosts: HOSTS }), 200);
});

Deno.test("withAccessControl() takes no host, and the star, for all hosts", () => {
  for (const hosts of [new Set<string>(), new Set(["*"]), new Set(["good", "*"])]) {
    assert.equal(statusOf(requestFor("bad", false), { hosts }), 200);
  }
});

Deno.test("withAccessControl() tells nothing to browsers whose request it refuses", () => {
  const exchange = requestFor("bad", false, "OPTIONS");
  assert.equal(statusOf(exchange, { hosts: HOSTS }), 421);
  assert.deepEqual(exchange.added, []);
});

Deno.test("withAccessControl() adds headers for pages that may call", () => {
  const exchange = requestFor("any", false);
  statusOf(exchange, { origins: new Set(["http://a"]) });
  assert.deepEqual(exchange.added.sort(), [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
  ]);
});
