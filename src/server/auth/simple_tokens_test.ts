import assert from "node:assert/strict";
import { ManualClock } from "../../base/manual_clock.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { SimpleTokens } from "./simple_tokens.ts";

const TTL_MS = 5_000;
const REVISION = 3;

function withTokens(use: (tokens: SimpleTokens, clock: ManualClock) => void): void {
  const clock = new ManualClock();
  const tokens = new SimpleTokens(TTL_MS, clock);
  use(tokens, clock);
  tokens.close();
  assert.equal(clock.timerCount, 0, "no timer is left");
}

Deno.test("SimpleTokens.newSeed() makes sixteen letters, never the same ones", () =>
  withTokens((tokens) => {
    const seeds = Array.from({ length: 200 }, () => tokens.newSeed());
    for (const seed of seeds) assert.match(seed, /^[a-zA-Z]{16}$/);
    assert.equal(new Set(seeds).size, seeds.length);
    assert.equal(new Set(seeds.join("")).size, 52, "every letter comes");
  }));

Deno.test("SimpleTokens knows whose a token is, at the revision that is asked for", () =>
  withTokens((tokens) => {
    const token = tokens.admitted("user", "seed", 7);
    assert.equal(token, "seed.7");
    const requester = tokens.requesterOf(token, REVISION);
    assert.deepEqual([requester?.username, requester?.authRevision], ["user", REVISION]);
    assert.equal(tokens.requesterOf(token, REVISION), requester, "nothing new is made");
    assert.equal(tokens.requesterOf(token, REVISION + 1)?.authRevision, REVISION + 1);
    for (const other of ["", "seed", "seed.8", "seed.7 "]) {
      assert.equal(tokens.requesterOf(other, REVISION), undefined);
    }
  }));

Deno.test("SimpleTokens lets a token live as long as it is used, and then for its time", () =>
  withTokens((tokens, clock) => {
    const token = tokens.admitted("user", "seed", 7);
    for (let i = 0; i < 5; i++) {
      clock.advance(TTL_MS - 1);
      assert.ok(tokens.requesterOf(token, REVISION) !== undefined);
    }
    // What is left of a second and the time to live.
    clock.advance(TTL_MS - 1);
    assert.equal(tokens.size, 1);
    clock.advance(AUTH_LIMITS.tokenSweepMs + 1);
    assert.equal(tokens.requesterOf(token, REVISION), undefined);
  }));

Deno.test("SimpleTokens forgets what nobody has used, and sets no timer while it has nothing", () =>
  withTokens((tokens, clock) => {
    tokens.admitted("a", "one", 1);
    clock.advance(TTL_MS - AUTH_LIMITS.tokenSweepMs);
    tokens.admitted("b", "two", 2);
    assert.deepEqual([tokens.size, clock.timerCount], [2, 1]);
    clock.advance(AUTH_LIMITS.tokenSweepMs);
    assert.deepEqual([tokens.size, clock.timerCount], [1, 1]);
    clock.advance(TTL_MS);
    assert.deepEqual([tokens.size, clock.timerCount], [0, 0]);
  }));

Deno.test("SimpleTokens forgets one user's tokens, or all", () =>
  withTokens((tokens) => {
    const [a1, a2, b] = [["a", 1], ["a", 2], ["b", 3]].map(([name, index]) =>
      tokens.admitted(String(name), "seed", Number(index))
    );
    tokens.forgetUser("a");
    assert.deepEqual(
      [a1, a2, b].map((token) => tokens.requesterOf(token, REVISION)?.username),
      [undefined, undefined, "b"],
    );
    tokens.forgetAll();
    assert.equal(tokens.requesterOf(b, REVISION), undefined);
  }));

Deno.test("SimpleTokens gives the oldest token up when there are too many", () =>
  withTokens((tokens) => {
    const count = AUTH_LIMITS.simpleTokens + 2;
    for (let i = 0; i < count; i++) tokens.admitted("a", "seed", i);
    assert.equal(tokens.size, AUTH_LIMITS.simpleTokens);
    assert.equal(tokens.requesterOf("seed.1", REVISION), undefined);
    assert.ok(tokens.requesterOf("seed.2", REVISION) !== undefined);
  }));
