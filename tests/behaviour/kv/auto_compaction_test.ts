import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type GrpcClient, refusal } from "../../harness/grpc_client.ts";
import { pairs, put, range, revisionOf } from "../../harness/kv_calls.ts";
import { ServerProcess } from "../../harness/server_process.ts";

const COMPACTED = {
  code: GrpcCode.OutOfRange,
  text: "etcdserver: mvcc: required revision has been compacted",
};
const POLL_INTERVAL_MS = 50;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
}

/** Returns when the revision can no longer be read; the test's own time limit ends a long wait. */
async function untilCompacted(client: GrpcClient, key: string, revision: number): Promise<void> {
  for (;;) {
    const answer = await range(client, key, { revision }).then(() => undefined, (error) => error);
    if (answer !== undefined) {
      assert.deepEqual(await refusal(Promise.reject(answer)), COMPACTED);
      return;
    }
    await pause();
  }
}

describeBothTargets("automatic compaction by time", (test) => {
  test("what is older than the period goes, what lives stays", async ({ client, prefix }) => {
    const key = `${prefix}a`;
    const first = revisionOf(await put(client, key, "1"));
    await put(client, `${prefix}b`, "1");
    await put(client, key, "2");
    await untilCompacted(client, key, first);
    assert.deepEqual(pairs((await range(client, key)).kvs, prefix), ["a=2"]);
    // It goes on: what has become old since then goes too.
    const later = revisionOf(await put(client, key, "3"));
    await put(client, key, "4");
    await untilCompacted(client, key, later);
    assert.deepEqual(pairs((await range(client, `${prefix}b`)).kvs, prefix), ["b=1"]);
  });

  test("a retention that is no time is refused at start", async ({ target }) => {
    const flags = ["--auto-compaction-retention=1x"];
    const server = await ServerProcess.start(target, { flags, withoutWaiting: true });
    try {
      while (server.isRunning) await pause();
      // Newer versions of Go put what they could not read in quotes.
      assert.match(
        server.logTail().replaceAll(/[\\"]/g, ""),
        /error parsing CompactionRetention: time: unknown unit x in duration 1x/,
      );
    } finally {
      await server.dispose();
    }
  });
}, { flags: ["--auto-compaction-retention=1s"] });
