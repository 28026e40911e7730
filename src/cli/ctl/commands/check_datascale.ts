import { byteText } from "../byte_text.ts";
import { type Load, LOAD_VALUES, loadOf, TIDY_FLAGS } from "../check/check_flags.ts";
import { CheckKeys } from "../check/check_keys.ts";
import { residentMemoryBytes } from "../check/resident_memory.ts";
import { compactIfAsked, defragmentIfAsked } from "../check/tidy.ts";
import { errorLines } from "../check/verdict.ts";
import { writeByMany } from "../check/workers.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_CODE, SilentExit } from "../exit_code.ts";
import { stringFlag } from "../flags/flag.ts";

/** How many pairs are written, by how many at a time. */
interface Scale {
  readonly calls: number;
  readonly clients: number;
}

const SCALES: Readonly<Record<Load, Scale>> = {
  s: { calls: 10_000, clients: 50 },
  m: { calls: 100_000, clients: 200 },
  l: { calls: 1_000_000, clients: 500 },
  xl: { calls: 3_000_000, clients: 1000 },
};

const SIZES = { keyBytes: 512, valueBytes: 512 };
const PAIR_BYTES = SIZES.keyBytes + SIZES.valueBytes;
const MEGABYTE = 1024 * 1024;

/** Finds out how much memory a member needs for data. */
export const CHECK_DATASCALE_COMMAND: Command = {
  name: "datascale",
  synopsis: "[options]",
  short: "Check the memory usage of holding data for different workloads on a given server " +
    "endpoint.",
  long: "If no endpoint is provided, localhost will be used. If multiple endpoints are provided, " +
    "first endpoint will be used.",
  flags: [
    {
      ...stringFlag(
        "load",
        "s",
        "The datascale check's workload model. Accepted workloads: s(small), m(medium), " +
          "l(large), xl(xLarge)",
      ),
      values: LOAD_VALUES,
    },
    stringFlag(
      "prefix",
      "/etcdctl-check-datascale/",
      "The prefix for writing the datascale check's keys.",
    ),
    ...TIDY_FLAGS,
  ],
  async run(context) {
    const { io } = context;
    const { calls, clients } = SCALES[loadOf(context.flags)];
    const keys = new CheckKeys(context, SIZES);
    await keys.requireNone();
    const before = await memoryOf(context, "before");
    const parts = [
      `${calls} key-value pairs`,
      `${PAIR_BYTES} bytes per key-value`,
      `${clients} concurrent clients`,
    ];
    io.stdout(`Start data scale check for work load [${parts.join(", ")}].\n`);
    const result = await writeByMany(context, keys, { calls, clients }, "writing pairs");
    const after = await memoryOf(context, "after");
    await compactIfAsked(context, await keys.deleteAll());
    await defragmentIfAsked(context);
    const errors = errorLines(result);
    for (const line of errors) io.stdout(byteText(`${line}\n`));
    if (errors.length > 0) throw new SilentExit(EXIT_CODE.error);
    const used = ((after - before) / MEGABYTE).toFixed(2);
    io.stdout(`PASS: Approximate system memory used : ${used} MB.\n`);
  },
};

/** How much memory the first server named needs. Throws a CtlError when it does not say. */
async function memoryOf(context: CommandContext, when: string): Promise<number> {
  const bytes = await residentMemoryBytes(context);
  if (bytes !== undefined) return bytes;
  const what = `process_resident_memory_bytes ${when} the put operations.`;
  context.io.stdout(`FAIL: Could not read ${what}\n`);
  throw new SilentExit(EXIT_CODE.error);
}
