import assert from "node:assert/strict";
import { jsonUint64, parseJson } from "../../src/base/json.ts";
import { CtlPair, type CtlSide, OLDER, type Outcome } from "./ctl_pair.ts";
import { describeCtl, FORMATS, inAllFormats, shellWords, type Step } from "./ctl_suite.ts";

/** The one member of each of two servers that were made the same. */
const MEMBER = "ea6dad32b5f5cd1b";

/** Far more than a busy machine needs to do the same on both sides within a second. */
const MOST_ATTEMPTS = 20;

const WRONG: readonly Step[] = [
  ["member add"],
  ["member add a"],
  ["member add a b"],
  ["member add a http://127.0.0.1:1"],
  ["member add -w other"],
  ["member add a --peer-urls=other"],
  ["member add a --peer-urls=http://127.0.0.1:11111"],
  ["member remove"],
  ["member remove x"],
  ["member remove 1 2"],
  ["member remove 1ffffffffffffffff"],
  ["member remove 123"],
  ["member update"],
  ["member update x"],
  ["member update 123"],
  ["member update 123 --peer-urls=http://127.0.0.1:5"],
  ["member update 123 --peer-urls=other"],
  ["member update 123 --peer-urls=http://127.0.0.1:5/path"],
  ["member promote"],
  ["member promote x"],
  ["member promote 123"],
  [`member promote ${MEMBER}`],
  ["member list --consistency=s"],
  ["member list --consistency=l -w json"],
  ["move-leader"],
  ["move-leader x"],
  ["move-leader 1 2"],
  ["move-leader 123"],
];

/** The ID of the learner that a server has. */
async function learnerOf(side: CtlSide): Promise<bigint> {
  const { stdout } = await side.run(["member", "list", "-w", "json"], "");
  const list = parseJson(stdout);
  if (list === null || typeof list !== "object" || Array.isArray(list)) throw new Error(stdout);
  const members = Array.isArray(list.members) ? list.members : [];
  for (const member of members) {
    if (member === null || typeof member !== "object" || Array.isArray(member)) continue;
    if (member.isLearner === true) return jsonUint64(member.ID) ?? 0n;
  }
  throw new Error(`no learner in ${stdout}`);
}

/** 3.4 does not say as what a member was added. */
function withoutLearner(outcome: Outcome): Outcome {
  return { ...outcome, stdout: outcome.stdout.replace("added as learner", "added") };
}

/** What was printed about a learner. */
interface LearnerRun {
  readonly id: bigint;
  readonly outcomes: Outcome[];
}

/** Adds a learner, does something about it, and removes it, on one side. */
async function withLearner(side: CtlSide, add: string, lines: string[]): Promise<LearnerRun> {
  const added = await side.run(shellWords(add), "");
  const id = await learnerOf(side);
  const outcomes = [added];
  for (const line of lines) {
    outcomes.push(await side.run(shellWords(line.replace("ID", id.toString(16))), ""));
  }
  return { id, outcomes };
}

/**
 * The same on both sides, again until both learners have got the same ID: it depends on the second,
 * and members are listed in the order of their IDs.
 */
async function withLearners(
  { etcdctl, ctl }: CtlPair,
  newRun: (side: CtlSide) => Promise<LearnerRun>,
): Promise<readonly [wanted: Outcome[], got: Outcome[]]> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const [wanted, got] = await Promise.all([newRun(etcdctl), newRun(ctl)]);
    if (wanted.id === got.id) return [wanted.outcomes, got.outcomes];
  }
  throw new Error("both sides never added a member within the same second");
}

describeCtl((test) => {
  test("member add, promote and remove", async (suite) => {
    await using pair = await CtlPair.start(suite.reference);
    // An ID is made of the URLs and the second, and that of a removed member is never taken again.
    const ports = new Map<CtlSide, number>();
    for (const format of [...FORMATS, "json --hex"]) {
      const [wanted, got] = await withLearners(pair, (side) => {
        const port = ports.get(side) ?? 1000;
        ports.set(side, port + 2);
        const urls = `http://127.0.0.1:${port},http://127.0.0.1:${port + 1}`;
        return withLearner(side, `member add l --learner --peer-urls=${urls} -w ${format}`, [
          "member list",
          "member promote ID",
          ...inAllFormats(`member update ID --peer-urls=${urls}`).map(([line]) => line),
          `member remove ID -w ${format}`,
          "member remove ID",
        ]);
      });
      if (suite.reference === OLDER && format.includes("--hex")) continue;
      if (suite.reference === OLDER) got[0] = withoutLearner(got[0]);
      assert.deepEqual(got, wanted, format);
    }
    await suite.compareAll([
      ["member add second --peer-urls=http://127.0.0.1:7 -w table"],
      ["member list --consistency=s -w other"],
    ], pair);
  });

  test("member and move-leader with wrong arguments", (suite) => suite.compareFromStart(WRONG));

  test("member list with --hex", (suite) =>
    suite.compareAll([
      ["member list --hex"],
      ["member list --hex -w json"],
      ["member list --hex -w fields"],
    ]));

  test("member update", (suite) =>
    suite.compareFromStart([
      ...inAllFormats(`member update ${MEMBER} --peer-urls=http://127.0.0.1:7,http://127.0.0.1:8`),
      [`member update ${MEMBER} --peer-urls=http://127.0.0.1:7 --hex -w json`],
      ["member list"],
    ]));

  test("move-leader to who leads already", (suite) =>
    suite.compareAll(inAllFormats(`move-leader ${MEMBER}`)));

  test("downgrade", (suite) =>
    suite.compareFromStart([
      ["downgrade validate"],
      ["downgrade validate a b"],
      ['downgrade validate ""'],
      ["downgrade validate other"],
      ["downgrade validate 3.5"],
      ["downgrade cancel"],
      ...inAllFormats("downgrade validate 3.6"),
      ["downgrade enable"],
      ["downgrade enable 3.6"],
      ["downgrade enable 3.6"],
      ["downgrade validate 3.6"],
      ...inAllFormats("downgrade cancel"),
    ]), { newerOnly: "there is no such command" });
});
