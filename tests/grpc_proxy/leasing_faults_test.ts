import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import { ConcurrentClient, SharedKnowledge } from "./concurrent_clients.ts";
import { FaultyCalls } from "./faulty_calls.ts";
import { KeyHistories } from "./key_histories.ts";
import { LocalScene } from "./leasing_in_process.ts";

const KEYS = Array.from({ length: 12 }, (_, i) => `k${10 + i}`);
const PROXY_COUNT = 3;
const RUN_MS = 5_000;

/** How much faster proxies live, so that they own a key more often than every two seconds. */
const HASTE = 20;

const HASTY_CLOCK: Clock = {
  monotonicMs: () => HASTE * systemClock.monotonicMs(),
  wallMs: () => systemClock.wallMs(),
  setTimer: (delayMs, fire) => systemClock.setTimer(delayMs / HASTE, fire),
};

Deno.test("leasing proxies tell the truth over a network that loses, delays and repeats", async () => {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  const prng = new Prng(seed);
  await using scene = await LocalScene.start();
  const shared = new SharedKnowledge(KEYS, prng);
  const networks = Array.from({ length: PROXY_COUNT }, () => new FaultyCalls(scene.upstream, prng));
  const proxies = networks.map((network) => scene.proxy({}, network, HASTY_CLOCK));
  const endMs = performance.now() + RUN_MS;
  await Promise.all(proxies.flatMap((proxy) => {
    const client = new ConcurrentClient("detcd", proxy, shared);
    return [client.readUntil(endMs), client.readUntil(endMs), client.writeUntil(endMs)];
  }));
  for (const network of networks) await network.heal();
  const histories = await KeyHistories.readAll(scene.direct, "k");
  for (const judge of shared.judgements) judge(histories);
  assert(shared.failureCount > 0);
  for (const { leasing } of proxies) assert(leasing.answerCount > 0);
});
