import { bytesFromLatin1, latin1FromBytes } from "../../../base/bytes.ts";
import type { KeyValue } from "../../../embed/client/kv/key_value.ts";
import type { Leadership } from "../../../embed/client/concurrency/election.ts";
import type { Session } from "../../../embed/client/concurrency/session.ts";
import { RangeResponse, type ResponseHeader } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { Interruption } from "../interruption.ts";

/** Leads until it is interrupted, or tells who leads. */
export const ELECT_COMMAND: Command = {
  name: "elect",
  synopsis: "<election-name> [proposal]",
  short: "Observes and participates in leader election",
  flags: [boolFlag("listen", "observation mode", "l")],
  async run(context) {
    const { args, flags } = context;
    if (args.length !== 1 && args.length !== 2) {
      throw badArguments(
        "elect takes one election name argument and an optional proposal argument",
      );
    }
    const [name, proposal] = args;
    const listens = flags.bool("listen");
    if (proposal === undefined && !listens) {
      throw badArguments("no proposal argument but -l not set");
    }
    if (proposal !== undefined && listens) throw badArguments("proposal given but -l is set");
    using interruption = new Interruption(context.io);
    if (proposal === undefined) await observe(context, name, interruption);
    else await lead(context, name, proposal, interruption);
  },
};

async function observe(
  context: CommandContext,
  name: ByteText,
  interruption: Interruption,
): Promise<void> {
  const client = await context.client();
  const { header } = await context.call(KV_SERVICE.range, { key: name, limit: 1 });
  const { signal } = interruption;
  try {
    for await (const pair of client.election(bytesFromLatin1(name)).observe({ signal })) {
      context.printer.get(leaderResponse(header, pair));
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  throw new CtlError(EXIT_CODE.error, "elect: observer lost");
}

/** The pair of a leader as the server would answer with it. */
function leaderResponse(
  header: ResponseHeader | undefined,
  { keyBytes, value, createRevision, modRevision, version, lease }: KeyValue,
): RangeResponse {
  const key = latin1FromBytes(keyBytes);
  const kv = { key, value, createRevision, modRevision, version, lease };
  const known = header === undefined ? undefined : { ...header, revision: modRevision };
  return RangeResponse.create({ header: known, kvs: [kv] });
}

async function lead(
  context: CommandContext,
  name: ByteText,
  proposal: ByteText,
  interruption: Interruption,
): Promise<void> {
  const client = await context.client();
  await using session = await client.session();
  await using leadership = await campaign(session, name, proposal, interruption);
  const key = latin1FromBytes(leadership.keyBytes);
  context.printer.get(await context.call(KV_SERVICE.range, { key }));
  const end = await Promise.race([interruption.came, session.done.then(() => "expired")]);
  if (end === "expired") throw new CtlError(EXIT_CODE.error, "elect: session expired");
}

async function campaign(
  session: Session,
  name: ByteText,
  proposal: ByteText,
  interruption: Interruption,
): Promise<Leadership> {
  try {
    const { signal } = interruption;
    const election = session.election(bytesFromLatin1(name));
    return await election.campaign(bytesFromLatin1(proposal), { signal });
  } catch (error) {
    throw interruption.explain(error);
  }
}
