import assert from "node:assert/strict";
import { isDifferent } from "./ctl_differences.ts";
import { CtlPair, NEWER, OLDER, type Reference, REFERENCES, whyNoReference } from "./ctl_pair.ts";

/** A command line, and what it reads from standard input. */
export type Step = readonly [line: string, input?: string];

/** `a "b c" d` as a shell would part it. */
export function shellWords(line: string): string[] {
  return Array.from(line.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word);
}

export const FORMATS: readonly string[] = ["simple", "fields", "json", "protobuf", "table"];

export function inAllFormats(line: string, input?: string): Step[] {
  return FORMATS.map((format) => [`${line} -w ${format}`, input ?? ""]);
}

/** Keys with values of all kinds. */
export const SOME_KEYS: readonly Step[] = [
  ["put a 1"],
  ["put b 2"],
  ["put c", "from\nstandard input"],
  ["put a 3"],
  ["put \u00e9 \u65e5\u672c"],
  ["put empty", ""],
  ["put bytes", '\x00\x01\xff\xfe"quoted"\\\n\t\x7f\xe2\x80\xa8<&>'],
  ["put <&> \u2028"],
];

/** Registers one test, once for each release of etcdctl that is here. */
type DefineCtlTest = (
  name: string,
  body: (suite: CtlSuite) => Promise<void>,
  options?: CtlTestOptions,
) => void;

/** Which releases a test is about. */
interface CtlTestOptions {
  /** Why the older one does not print this. */
  readonly newerOnly?: string;
  /** Why the newer one does not print this. */
  readonly olderOnly?: string;
  /** What is not here that the test needs; undefined if all is here. */
  readonly missing?: string | undefined;
}

/** Describes what etcdctl prints, and detcd's ctl as well. */
export function describeCtl(define: (test: DefineCtlTest) => void): void {
  for (const reference of REFERENCES) describeReference(reference, define);
}

function describeReference(
  reference: Reference,
  define: (test: DefineCtlTest) => void,
): void {
  const suite = new CtlSuite(reference);
  const missing = whyNoReference(reference);
  const prefix = `ctl prints what etcdctl ${reference.release} prints:`;
  if (missing !== undefined) {
    Deno.test({ name: `${prefix} not run: ${missing}`, ignore: true, fn() {} });
    return;
  }
  Deno.test.afterAll(() => suite.dispose());
  define((name, body, { newerOnly, olderOnly, missing } = {}) => {
    if (reference === NEWER && olderOnly !== undefined) return;
    if (reference === OLDER && newerOnly !== undefined) return;
    const ignored = missing === undefined ? "" : ` - not run: ${missing}`;
    Deno.test({
      name: `${prefix} ${name}${ignored}`,
      ignore: missing !== undefined,
      fn: () => body(suite),
    });
  });
}

/** Both programs, each beside servers of its own. */
export class CtlSuite {
  readonly reference: Reference;
  #shared: CtlPair | undefined;

  constructor(reference: Reference) {
    this.reference = reference;
  }

  /** The pair of most tests: what one leaves behind the next finds, on both sides the same. */
  async sharedPair(): Promise<CtlPair> {
    this.#shared ??= await CtlPair.start(this.reference);
    return this.#shared;
  }

  /** Compares commands with a history that begins with the first step. */
  async compareFromStart(steps: readonly Step[], flags: readonly string[] = []): Promise<void> {
    await using pair = await CtlPair.start(this.reference, flags);
    await this.compareAll(steps, pair);
  }

  /** Runs the same commands on both sides and compares everything that they leave behind. */
  async compareAll(steps: readonly Step[], given?: CtlPair): Promise<void> {
    const pair = given ?? await this.sharedPair();
    for (const [line, input = ""] of steps) {
      const args = shellWords(line);
      const [wanted, got] = await Promise.all([
        pair.etcdctl.run(args, input),
        pair.ctl.run(args, input),
      ]);
      if (this.reference === OLDER && isDifferent(line, input)) continue;
      assert.deepEqual(got, wanted, `etcdctl ${line} <<< ${JSON.stringify(input)}`);
    }
  }

  async dispose(): Promise<void> {
    await this.#shared?.[Symbol.asyncDispose]();
  }
}
