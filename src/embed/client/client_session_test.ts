import assert from "node:assert/strict";
import { GrpcCode } from "../../base/grpc_code.ts";
import { ClientError } from "./client_error.ts";
import { readCall } from "./client_session.ts";
import { FakeSession } from "./testing/session.ts";
import type { CallOptions } from "./transport/transport.ts";

const REQUEST = new Uint8Array([1]);
const RESPONSE = new Uint8Array([2]);

/** A session whose calls fail with these codes in turn, and then succeed. */
function failing(...codes: number[]): { session: FakeSession; timeouts: (number | undefined)[] } {
  const session = new FakeSession();
  const timeouts: (number | undefined)[] = [];
  session.transport.answer = (path, request, options) => {
    assert.equal(path, "/read");
    assert.equal(request, REQUEST);
    timeouts.push(options.timeoutMs);
    const code = codes.shift();
    if (code === undefined) return Promise.resolve(RESPONSE);
    return Promise.reject(new ClientError(code, `code ${code}`));
  };
  return { session, timeouts };
}

/** Lets a call go on while time passes in small steps. */
async function settle(session: FakeSession, call: Promise<unknown>): Promise<void> {
  let isSettled = false;
  call.then(() => isSettled = true, () => isSettled = true);
  for (let i = 0; i < 1000 && !isSettled; i++) {
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    session.clock.advance(10);
  }
}

function read(session: FakeSession, options: CallOptions = {}): Promise<Uint8Array> {
  return readCall(session, "/read", REQUEST, options);
}

Deno.test("readCall() tries again while the server is unavailable", async () => {
  const { session, timeouts } = failing(GrpcCode.Unavailable, GrpcCode.Unavailable);
  const call = read(session);
  await settle(session, call);
  assert.equal(await call, RESPONSE);
  assert.equal(timeouts.length, 3);
  assert.equal(session.clock.timerCount, 0);
});

Deno.test("readCall() does not repeat a call that was refused", async () => {
  const { session, timeouts } = failing(GrpcCode.OutOfRange);
  await assert.rejects(read(session), { code: GrpcCode.OutOfRange });
  assert.equal(timeouts.length, 1);
});

Deno.test("readCall() gives up after three seconds, or when the call's own time is up", async () => {
  for (const timeoutMs of [undefined, 500, 10_000]) {
    const { session, timeouts } = failing(
      ...Array.from({ length: 50 }, () => GrpcCode.Unavailable),
    );
    const startMs = session.clock.nowMs;
    const call = read(session, timeoutMs === undefined ? {} : { timeoutMs });
    await settle(session, call);
    await assert.rejects(call, { code: GrpcCode.Unavailable });
    const passedMs = session.clock.nowMs - startMs;
    const mostMs = timeoutMs ?? 3000;
    assert.ok(passedMs <= mostMs && passedMs >= mostMs * 0.4, `${passedMs} of ${mostMs} ms`);
    const left = timeouts.filter((value) => value !== undefined);
    assert.deepEqual(left, left.toSorted((a, b) => b - a), "each try has the rest of the time");
  }
});

Deno.test("readCall() stops waiting for another try when it is aborted or the client closed", async () => {
  for (const how of ["abort", "close"] as const) {
    const { session } = failing(GrpcCode.Unavailable);
    const controller = new AbortController();
    const call = read(session, { signal: controller.signal });
    const rejected = assert.rejects(call, { code: GrpcCode.Canceled });
    while (session.clock.timerCount === 0) await Promise.resolve();
    if (how === "abort") controller.abort();
    else session.close();
    await rejected;
    assert.equal(session.clock.timerCount, 0);
  }
});
