import { GrpcClient } from "./grpc_client.ts";
import { ServerProcess, type StartOptions } from "./server_process.ts";
import { TARGET_NAMES, type TargetName, whyMissing } from "./targets.ts";

/** What a behaviour test works with. */
export interface TestContext {
  readonly target: TargetName;
  readonly server: ServerProcess;
  /** Closed when the test ends. */
  readonly client: GrpcClient;
  /** Begins every key of this test and of no other, since the tests of a file share a server. */
  readonly prefix: string;
}

/** Where a test is not run, and the reason, which goes into the name of the ignored test. */
export interface TestOptions {
  readonly notOn?: Partial<Record<TargetName, string>>;
}

/** Registers one test, once a target. */
type DefineTest = (
  name: string,
  body: (context: TestContext) => Promise<void>,
  options?: TestOptions,
) => void;

/** What all tests of a description share. */
interface SuiteOptions extends Omit<StartOptions, "withoutWaiting"> {
  /** The servers to describe, the one that is right in front. @default {TARGET_NAMES} */
  readonly targets?: readonly TargetName[];
}

/** No test needs nearly as long; one that hangs must not take the whole run with it. */
const TEST_TIMEOUT_MS = 30_000;

let testCount = 0;

/**
 * Describes behaviour that both servers must show. Every test is registered for real etcd first
 * and then for detcd, so a test that says something wrong about etcd fails before detcd has to
 * obey it. A target that cannot run here leaves an ignored test that says why.
 */
export function describeBothTargets(
  subject: string,
  define: (test: DefineTest) => void,
  options: SuiteOptions = {},
): void {
  for (const target of options.targets ?? TARGET_NAMES) {
    const reason = whyMissing(target);
    if (reason === undefined) describeTarget(subject, target, define, options);
    else Deno.test({ name: `${subject} [${target}] not run: ${reason}`, ignore: true, fn() {} });
  }
}

/** The same for servers that speak TLS, with these flags before those of the options. */
export function describerOverTls(flags: readonly string[]): typeof describeBothTargets {
  return (subject, define, options = {}) =>
    describeBothTargets(subject, define, {
      schemes: ["https"],
      ...options,
      flags: [...flags, ...options.flags ?? []],
    });
}

function describeTarget(
  subject: string,
  target: TargetName,
  define: (test: DefineTest) => void,
  options: SuiteOptions,
): void {
  let server: ServerProcess | undefined;
  Deno.test.beforeAll(async () => {
    server = await ServerProcess.start(target, options);
  });
  Deno.test.afterAll(async () => {
    await server?.dispose();
  });
  define((name, body, { notOn } = {}) => {
    const fullName = `${subject} [${target}] ${name}`;
    const reason = notOn?.[target];
    if (reason !== undefined) {
      Deno.test({ name: `${fullName} - not here: ${reason}`, ignore: true, fn() {} });
      return;
    }
    Deno.test(fullName, async () => {
      if (server === undefined) throw new Error(`${target} did not start`);
      await runTest(server, body);
    });
  });
}

async function runTest(
  server: ServerProcess,
  body: (context: TestContext) => Promise<void>,
): Promise<void> {
  const client = new GrpcClient(server.endpoint);
  const prefix = `t${++testCount}/`;
  try {
    await withinTestTime(body({ target: server.target, server, client, prefix }));
  } catch (error) {
    console.error(`the end of ${server.target}'s log:\n${server.logTail(12)}`);
    throw error;
  } finally {
    await client.close();
  }
}

async function withinTestTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const complain = (): void => reject(new Error(`not done after ${TEST_TIMEOUT_MS} ms`));
    timer = setTimeout(complain, TEST_TIMEOUT_MS);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
