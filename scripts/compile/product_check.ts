import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthUserAddRequest } from "../../src/pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../../tests/harness/grpc_client.ts";
import { freePorts } from "../../tests/harness/server_process.ts";
import { printedBy, runProgram } from "../run_program.ts";

/** A Deno prompt that waits for input must not hold the build up for long. */
const VERSION_TIMEOUT_MS = 30_000;
const READY_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 50;

/** The exit code of a process that ended as SIGTERM asked it to. */
const TERMINATED_EXIT_CODE = 143;

/** Makes sure that an executable is detcd and works; throws with what is wrong otherwise. */
export async function checkProduct(product: string, version: string): Promise<void> {
  await checkVersion(product, version);
  const scratchDir = mkdtempSync(join(tmpdir(), "detcd-product-"));
  try {
    const dataDir = join(scratchDir, "data");
    await checkServing(product, dataDir);
    await expectOutput(product, ["utl", "check", dataDir], /./);
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

async function checkVersion(product: string, version: string): Promise<void> {
  const run = await runProgram(product, ["--version"], { timeoutMs: VERSION_TIMEOUT_MS });
  const text = printedBy(run);
  const isOurs = text.startsWith("etcd Version: ") && text.includes(`detcd ${version}`);
  if (run.success && isOurs) return;
  throw new Error(
    `the executable is not detcd ${version}: to --version it says ${shorten(text)}` +
      (Deno.env.has("DENORT_BIN")
        ? ". DENORT_BIN must name a denort; the deno program itself makes a Deno prompt"
        : ""),
  );
}

/** A put, a get and a stop: sockets, files, the command line and what is loaded late all work. */
async function checkServing(product: string, dataDir: string): Promise<void> {
  const [clientPort, peerPort] = await freePorts(2);
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const logPath = `${dataDir}.log`;
  const server = new Deno.Command(product, {
    args: [
      `--data-dir=${dataDir}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      `--log-outputs=${logPath}`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilHealthy(client, server, logPath);
    await use(product, client);
  } catch (error) {
    await kill(server);
    throw error;
  }
  await stop(server);
}

async function use(product: string, client: string): Promise<void> {
  const ctl = ["ctl", `--endpoints=${client}`];
  await expectOutput(product, [...ctl, "put", "greeting", "hello"], /^OK\n$/);
  await expectOutput(product, [...ctl, "get", "greeting"], /^greeting\nhello\n$/);
  await addUser(client.replace("http://", ""));
  const metrics = await fetch(`${client}/metrics`);
  if (!(await metrics.text()).includes("etcd_server_has_leader 1")) {
    throw new Error("the executable serves no metrics");
  }
}

/** Hashing a password needs the worker, which the executable lacks if nobody told it to take it. */
async function addUser(endpoint: string): Promise<void> {
  const client = new GrpcClient(endpoint);
  try {
    const request = AuthUserAddRequest.create({ name: "product", password: "check" });
    await client.call(AUTH_SERVICE.userAdd, request);
  } catch (error) {
    throw new Error(`the executable cannot add a user: ${error}`);
  } finally {
    await client.close();
  }
}

async function untilHealthy(
  client: string,
  server: Deno.ChildProcess,
  logPath: string,
): Promise<void> {
  let hasEnded = false;
  void server.status.then(() => hasEnded = true);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!hasEnded && performance.now() < deadline) {
    if (await isHealthy(client)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new Error(
    `the executable ${hasEnded ? "ended" : "does not serve"}; its log ends: ${logEnd(logPath)}`,
  );
}

async function isHealthy(client: string): Promise<boolean> {
  try {
    const response = await fetch(`${client}/health`);
    return (await response.text()).includes('"health":"true"');
  } catch {
    // Nobody listens yet.
    return false;
  }
}

function logEnd(path: string): string {
  try {
    return shorten(readFileSync(path, "utf8").slice(-1_000));
  } catch (error) {
    return `(no log: ${error})`;
  }
}

async function stop(server: Deno.ChildProcess): Promise<void> {
  server.kill("SIGTERM");
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_TIMEOUT_MS);
  const { code } = await server.status;
  clearTimeout(timer);
  // Windows ends a process without asking it.
  if (Deno.build.os !== "windows" && code !== TERMINATED_EXIT_CODE) {
    throw new Error(`the executable did not stop in order: exit code ${code}`);
  }
}

async function kill(server: Deno.ChildProcess): Promise<void> {
  try {
    server.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await server.status;
}

async function expectOutput(
  product: string,
  args: readonly string[],
  wanted: RegExp,
): Promise<void> {
  const run = await runProgram(product, args, { timeoutMs: COMMAND_TIMEOUT_MS });
  const text = printedBy(run);
  if (run.success && wanted.test(text)) return;
  throw new Error(`the executable fails at \`${args.join(" ")}\`: ${shorten(text)}`);
}

function shorten(text: string): string {
  const limit = 600;
  return JSON.stringify(text.length > limit ? `...${text.slice(-limit)}` : text);
}
