import { ctlMain } from "../../src/cli/ctl/main.ts";
import { CapturedIo } from "../../src/cli/ctl/testing/captured_io.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../src/base/bytes.ts";
import { findProgram, requireProgram } from "../harness/programs.ts";
import { ServerProcess } from "../harness/server_process.ts";
import type { TargetName } from "../harness/targets.ts";

/** How a command ended, with what differs between two servers made the same. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real etcdctl and the server of the same release. */
export interface Reference {
  readonly release: string;
  readonly program: string;
  readonly server: TargetName;
  readonly environment: Readonly<Record<string, string>>;
}

/** What detcd's ctl prints. */
export const NEWER: Reference = {
  release: "3.7.1",
  program: "etcdctl-3.7",
  server: "etcd-3.7",
  environment: {},
};

/** What it prints as well, wherever the two releases agree; see ctl_differences.ts. */
export const OLDER: Reference = {
  release: "3.4.23",
  program: "etcdctl",
  server: "etcd",
  environment: { ETCDCTL_API: "3" },
};

/** The one that decides in front. */
export const REFERENCES: readonly Reference[] = [NEWER, OLDER];

/** Why a reference cannot be run here; undefined if it can. */
export function whyNoReference({ program, server }: Reference): string | undefined {
  const missing = [program, server].find((name) => findProgram(name) === undefined);
  return missing === undefined ? undefined : `${missing} is not here, see \`deno task peers\``;
}

/** Two members that announce the same addresses have the same IDs; neither is ever called there. */
const SAME_IDENTITY: readonly string[] = [
  "--initial-advertise-peer-urls=http://127.0.0.1:11111",
  "--initial-cluster=default=http://127.0.0.1:11111",
  "--advertise-client-urls=http://127.0.0.1:22222",
];

/** What stands for the lease that was granted last, in arguments and in outcomes. */
export const LEASE = "LEASE";

/** A program with a server of its own. */
export class CtlSide {
  readonly server: ServerProcess;
  readonly #run: (args: readonly string[], input: string) => Promise<Outcome>;
  /** In hexadecimal. */
  #lease = "";

  constructor(
    server: ServerProcess,
    run: (args: readonly string[], input: string) => Promise<Outcome>,
  ) {
    this.server = server;
    this.#run = run;
  }

  /** With `deadPort` the server is the second one named, and nobody listens at the first. */
  async run(args: readonly string[], input: string, deadPort?: number): Promise<Outcome> {
    const given = args.map((arg) => arg.replaceAll(LEASE, this.#lease));
    const dead = deadPort === undefined ? "" : `127.0.0.1:${deadPort},`;
    const outcome = await this.#run(
      [`--endpoints=${dead}${this.server.endpoint}`, ...given],
      input,
    );
    const granted = /^lease ([0-9a-f]{16}) granted/.exec(outcome.stdout);
    if (args.includes("grant") && granted !== null) this.#lease = granted[1];
    return {
      exitCode: outcome.exitCode,
      stdout: this.mask(outcome.stdout),
      stderr: this.mask(outcome.stderr),
    };
  }

  /** Leaves away what may differ: the port, the lease's ID, times, and the log. */
  mask(text: string): string {
    const masked = withoutWidths(text, this.server.endpoint)
      .replaceAll(this.server.endpoint, "ENDPOINT")
      .replace(/took( = |":"|" : )[0-9.]+[\u00c2\u00b5mn]*s/gi, "took$1TIME")
      .replace(/took [0-9.]+[\u00c2\u00b5mn]*s/g, "took TIME")
      .replace(/(\u00e2\u0094\u0082 )[0-9.]+[\u00c2\u00b5m]*s /g, "$1TIME ")
      .replace(/(remaining\(|"ttl":|"TTL" : )\d\d\d/g, "$1SECONDS")
      // Go's printer of messages puts one blank or two, as the build of the program has it.
      .replace(/(memberID:\d+) +(alarm:)/g, "$1 $2")
      .replace(/^\{"level".*\n/gm, "")
      // What a program says that the real one runs to hide a password.
      .replace(/^stty: .*\n/gm, "");
    if (this.#lease === "") return masked;
    return masked.replaceAll(this.#lease, LEASE)
      .replaceAll(BigInt(`0x${this.#lease}`).toString(), LEASE);
  }
}

/** A table as wide as an address or a time that may differ, without its widths. */
function withoutWidths(text: string, endpoint: string): string {
  if (!text.startsWith("\u00e2\u0094\u008c") || !text.includes(endpoint)) return text;
  return text.replace(/(?:\u00e2\u0094\u0080)+/g, "-").replace(/ +/g, " ");
}

/** etcdctl and detcd's ctl, each beside an etcd of its own; both get the same commands. */
export class CtlPair implements AsyncDisposable {
  readonly reference: Reference;
  readonly etcdctl: CtlSide;
  readonly ctl: CtlSide;

  private constructor(reference: Reference, etcdctl: CtlSide, ctl: CtlSide) {
    this.reference = reference;
    this.etcdctl = etcdctl;
    this.ctl = ctl;
  }

  static async start(reference: Reference, flags: readonly string[] = []): Promise<CtlPair> {
    const options = { flags: [...SAME_IDENTITY, ...flags] };
    const [first, second] = await Promise.all(
      [1, 2].map(() => ServerProcess.start(reference.server, options)),
    );
    const etcdctl = new CtlSide(first, (args, input) => runEtcdctl(reference, args, input));
    return new CtlPair(reference, etcdctl, new CtlSide(second, runCtl));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.etcdctl.server.dispose();
    await this.ctl.server.dispose();
  }
}

/** Runs the real program; everything is one character a byte. */
export async function runEtcdctl(
  { program, environment }: Reference,
  args: readonly string[],
  input: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const child = new Deno.Command(requireProgram(program), {
    args: [...args],
    env: { ...environment, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that does not read its input has ended before it is written.
  await writer.write(bytesFromLatin1(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { exitCode: code, stdout: latin1FromBytes(stdout), stderr: latin1FromBytes(stderr) };
}

/** Runs ours in this process. */
export async function runCtl(
  args: readonly string[],
  input: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const io = new CapturedIo(input, env);
  const exitCode = await ctlMain(args, io);
  return { exitCode, stdout: io.out, stderr: io.err };
}
