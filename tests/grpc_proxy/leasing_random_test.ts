import assert from "node:assert/strict";
import { Prng } from "../../src/base/prng.ts";
import { type TargetName, whyMissing } from "../harness/targets.ts";
import { ConcurrentClient, SharedKnowledge } from "./concurrent_clients.ts";
import { KeyHistories } from "./key_histories.ts";
import { withLeasedProxies } from "./leased_scene.ts";

const KEYS = Array.from({ length: 40 }, (_, i) => `k${10 + i}`);
const RUN_MS = 7_000;
const READERS_PER_PROXY = 3;
const WRITERS_PER_PROXY = 2;

const PAIRS: readonly (readonly [TargetName, TargetName])[] = [
  ["etcd-3.7", "etcd-3.7"],
  ["etcd-3.7", "detcd"],
  ["detcd", "detcd"],
];

for (const targets of PAIRS) {
  const missing = targets.map(whyMissing).find((why) => why !== undefined);
  const title = `leasing [${targets.join(" and ")}]`;
  Deno.test({
    name: missing === undefined
      ? `${title} answers many clients in an order that explains all answers`
      : `${title} not run: ${missing}`,
    ignore: missing !== undefined,
    fn: () =>
      withLeasedProxies(targets, async (scene) => {
        const [seed] = crypto.getRandomValues(new Uint32Array(1));
        const shared = new SharedKnowledge(KEYS, new Prng(seed));
        const endMs = performance.now() + RUN_MS;
        const work: (() => Promise<void>)[] = scene.clients.flatMap((client, i) => {
          const one = new ConcurrentClient(targets[i], client, shared);
          return [
            ...Array.from({ length: READERS_PER_PROXY }, () => () => one.readUntil(endMs)),
            ...Array.from({ length: WRITERS_PER_PROXY }, () => () => one.writeUntil(endMs)),
          ];
        });
        const requestCount = await scene.requestsDuring(() =>
          Promise.all(work.map((one) => one()))
        );
        const histories = await KeyHistories.readAll(scene.direct, "k");
        for (const judge of shared.judgements) judge(histories);
        assert(requestCount < shared.judgements.length, "answers come from memory, too");
      }),
  });
}
