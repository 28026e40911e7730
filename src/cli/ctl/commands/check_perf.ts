import { type Load, LOAD_VALUES, loadOf, TIDY_FLAGS } from "../check/check_flags.ts";
import { CheckKeys } from "../check/check_keys.ts";
import type { LoadPlan } from "../check/load.ts";
import { compactIfAsked, defragmentIfAsked } from "../check/tidy.ts";
import { perfVerdict } from "../check/verdict.ts";
import { writeByMany } from "../check/workers.ts";
import { byteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { CtlError, EXIT_CODE, SilentExit } from "../exit_code.ts";
import { errorText } from "../errors.ts";
import { stringFlag } from "../flags/flag.ts";

const DURATION_MS = 60_000;

/** What a server has to bear. */
const PLANS: Readonly<Record<Load, LoadPlan & { readonly perSecond: number }>> = {
  s: { perSecond: 150, clients: 50, durationMs: DURATION_MS },
  m: { perSecond: 1000, clients: 200, durationMs: DURATION_MS },
  l: { perSecond: 8000, clients: 500, durationMs: DURATION_MS },
  xl: { perSecond: 15_000, clients: 1000, durationMs: DURATION_MS },
};

const SIZES = { keyBytes: 256, valueBytes: 1024 };

/** Writes for a minute and judges how the cluster bore it. */
export const CHECK_PERF_COMMAND: Command = {
  name: "perf",
  synopsis: "[options]",
  short: "Check the performance of the etcd cluster",
  flags: [
    {
      ...stringFlag(
        "load",
        "s",
        "The performance check's workload model. Accepted workloads: s(small), m(medium), " +
          "l(large), xl(xLarge). Different workload models use different configurations in " +
          "terms of number of clients and expected throughput.",
      ),
      values: LOAD_VALUES,
    },
    stringFlag(
      "prefix",
      "/etcdctl-check-perf/",
      "The prefix for writing the performance check's keys.",
    ),
    ...TIDY_FLAGS,
  ],
  async run(context) {
    const plan = PLANS[loadOf(context.flags)];
    const keys = new CheckKeys(context, SIZES);
    await keys.requireNone();
    const result = await writeByMany(context, keys, plan, "checking performance");
    await tidyUp(context, keys);
    await defragmentIfAsked(context);
    const { lines, passed } = perfVerdict(result, plan.perSecond);
    for (const line of lines) context.io.stdout(byteText(`${line}\n`));
    if (!passed) throw new SilentExit(EXIT_CODE.error);
  },
};

async function tidyUp(context: CommandContext, keys: CheckKeys): Promise<void> {
  let revision: number;
  try {
    revision = await keys.deleteAll();
  } catch (error) {
    if (error instanceof CtlError) throw error;
    const text = `FAIL: Cleanup failed during key deletion: ERROR(${errorText(error)})\n`;
    context.io.stdout(byteText(text));
    return;
  }
  await compactIfAsked(context, revision);
}
