import assert from "node:assert/strict";
import { silentLogger } from "../../base/log.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { LOCAL_END } from "../../net/remote_end.ts";
import { AuthOptionsError } from "./auth_options_error.ts";
import { JwtTokens } from "./jwt_tokens.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { openTokens } from "./open_tokens.ts";
import { SimpleTokens } from "./simple_tokens.ts";

const TTL_MS = 60_000;
const KEY = new Uint8Array(64).fill(7);

function newTokens(clock: ManualClock): JwtTokens {
  const keys = { signing: KEY, verifying: KEY };
  return new JwtTokens({ algorithm: "HS256", ttlMs: TTL_MS, keys }, clock, silentLogger);
}

/** Verifies a token in a turn of its own. */
async function verify(tokens: JwtTokens, clock: ManualClock, token: string): Promise<void> {
  await tokens.verify(token, LOCAL_END);
  clock.advance(0);
}

Deno.test("JwtTokens takes its own tokens once they are verified", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  const token = await tokens.issue("user", 5);
  assert.equal(tokens.requesterOf(token), undefined);
  await verify(tokens, clock, token);
  const requester = tokens.requesterOf(token);
  assert.deepEqual([requester?.username, requester?.authRevision], ["user", 5]);
  assert.equal(tokens.verify(token, LOCAL_END), undefined, "there is nothing left to do");
  assert.equal(tokens.requesterOf(token), requester);
});

Deno.test("JwtTokens verifies a token once for all who show it at the same time", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  const token = await tokens.issue("user", 5);
  const first = tokens.verify(token, LOCAL_END);
  assert.equal(tokens.verify(token, LOCAL_END), first);
  await first;
});

Deno.test("JwtTokens needs no timer once all tokens are gone, and none when it is closed", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  for (const name of ["a", "b"]) {
    await verify(tokens, clock, await tokens.issue(name, 5));
    clock.advance(1_500);
  }
  assert.equal(clock.timerCount, 1);
  clock.advance(2 * TTL_MS);
  assert.equal(clock.timerCount, 0);
  await verify(tokens, clock, await tokens.issue("c", 5));
  tokens.close();
  assert.equal(clock.timerCount, 0);
});

Deno.test("JwtTokens believes no token any more whose time is up, verified or not", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  const token = await tokens.issue("user", 5);
  await verify(tokens, clock, token);
  clock.advance(TTL_MS);
  assert.equal(tokens.requesterOf(token), undefined);
  await verify(tokens, clock, token);
  assert.equal(tokens.requesterOf(token), undefined);
});

Deno.test("JwtTokens remembers only so many, and verifies the others again", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  const first = await tokens.issue("first", 1);
  await verify(tokens, clock, first);
  for (let i = 0; i < AUTH_LIMITS.verifiedTokens; i++) {
    await verify(tokens, clock, await tokens.issue("user", i));
  }
  assert.equal(tokens.requesterOf(first), undefined);
  await verify(tokens, clock, first);
  assert.equal(tokens.requesterOf(first)?.username, "first");
});

Deno.test("JwtTokens does not remember what is no token", async () => {
  const clock = new ManualClock();
  const tokens = newTokens(clock);
  for (const token of ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "a".repeat(10_000)]) {
    await verify(tokens, clock, token);
    assert.equal(tokens.requesterOf(token), undefined);
  }
});

function open(token: string) {
  const config = { token, tokenTtlSeconds: 0, bcryptCost: 4, usesCommonNames: false };
  return openTokens(config, new ManualClock(), silentLogger);
}

Deno.test("openTokens() makes simple tokens, passing over their options as etcd does", async () => {
  for (const token of ["simple", "simple,some=thing"]) {
    assert.ok(await open(token) instanceof SimpleTokens);
  }
});

Deno.test("openTokens() makes no tokens of an empty kind", async () => {
  const tokens = await open("");
  assert.equal(tokens.requesterOf("", 1), undefined);
  assert.throws(() => tokens.issue("user", 1, ""), /authentication failed/);
});

Deno.test("openTokens() refuses what it cannot make, and says where", async () => {
  const refused: [string, RegExp][] = [
    ["token", /unknown kind "token"/],
    ["simple,some", /"some" where name=value belongs/],
    ["simple,a=b=c", /"a=b=c" where/],
    ["jwt,ttl=1s,ttl=2s", /"ttl" twice/],
    ["jwt,sign-method=none", /sign-method "none" is not one of RS256/],
    ["jwt,sign-method=RS256,ttl=1", /missing unit/],
    ["jwt,sign-method=RS256,pub-key=/no/such", /\/no\/such cannot be read/],
    ["jwt,sign-method=RS256", /^auth: missing key data/],
    [`jwt,sign-method=RS256,pub-key=${import.meta.filename}`, /pub-key is not a key in PEM/],
  ];
  for (const [token, message] of refused) {
    await assert.rejects(open(token), (error) => {
      assert.ok(error instanceof AuthOptionsError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
