import assert from "node:assert/strict";
import { describeBothTargets, type TestOptions } from "../harness/both_targets.ts";
import type { TargetName } from "../harness/targets.ts";

/** What a run of a foreign client left behind. */
export interface ClientRun {
  readonly success: boolean;
  /** What it says it saw. */
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Runs a program around a foreign client to its end. */
export async function runClient(program: string, args: readonly string[]): Promise<ClientRun> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stdout).split("\n").filter((line) => line !== "");
  return { success, lines, errors: decoder.decode(stderr) };
}

/** One piece of work of a foreign client, and the lines it prints about it on every server. */
interface ClientScenario {
  readonly behaviour: string;
  readonly name: string;
  readonly sees: readonly string[];
  readonly options?: TestOptions;
}

/** A program around a foreign client. */
interface ForeignClient {
  readonly subject: string;
  /** Why it cannot run here, or undefined if it can. */
  readonly whyMissing: string | undefined;
  run(endpoint: string, prefix: string, scenario: string): Promise<ClientRun>;
}

/** Clients work with servers of all releases, so both releases of etcd say what is right. */
const TARGETS: readonly TargetName[] = ["etcd", "etcd-3.7", "detcd"];

/** Has a client go through its scenarios on every server. */
export function describeClient(client: ForeignClient, scenarios: readonly ClientScenario[]): void {
  const { subject, whyMissing } = client;
  if (whyMissing !== undefined) {
    Deno.test({ name: `${subject} not run: ${whyMissing}`, ignore: true, fn() {} });
    return;
  }
  describeBothTargets(subject, (test) => {
    for (const { behaviour, name, sees, options } of scenarios) {
      test(behaviour, async ({ server, prefix }) => {
        const { success, lines, errors } = await client.run(server.endpoint, prefix, name);
        assert.ok(success, `the client failed: ${errors}${lines.join("\n")}`);
        assert.deepEqual(lines, sees);
      }, options);
    }
  }, { targets: TARGETS });
}
