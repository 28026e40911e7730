import type { Client } from "../../../embed/client/client.ts";
import type { Session } from "../../../embed/client/concurrency/session.ts";
import type { HeldLock } from "../../../embed/client/concurrency/mutex.ts";
import { bytesFromLatin1, latin1FromBytes } from "../../../base/bytes.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import type { ByteText } from "../byte_text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import { int64Flag } from "../flags/flag.ts";
import { Interruption } from "../interruption.ts";

const DEFAULT_TTL_SECONDS = 10;

/** Holds a lock until it is interrupted, or while a program runs. */
export const LOCK_COMMAND: Command = {
  name: "lock",
  synopsis: "<lockname> [exec-command arg1 arg2 ...]",
  short: "Acquires a named lock",
  flags: [int64Flag("ttl", "timeout for session", DEFAULT_TTL_SECONDS)],
  async run(context) {
    const [name, ...command] = context.args;
    if (name === undefined) {
      throw badArguments(
        "lock takes a lock name argument and an optional command to execute",
      );
    }
    using interruption = new Interruption(context.io);
    const client = await context.client();
    const ttlSeconds = context.flags.int64("ttl");
    await using session = await client.session(ttlSeconds > 0 ? { ttlSeconds } : {});
    await using lock = await acquire(session, name, interruption);
    if (command.length > 0) await runHolding(context, client, lock, command);
    else await holdUntil(context, session, lock, interruption);
  },
};

async function acquire(
  session: Session,
  name: ByteText,
  interruption: Interruption,
): Promise<HeldLock> {
  try {
    const { signal } = interruption;
    return await session.mutex(bytesFromLatin1(name)).lock({ signal });
  } catch (error) {
    throw interruption.explain(error);
  }
}

async function runHolding(
  { io }: CommandContext,
  client: Client,
  lock: HeldLock,
  command: readonly ByteText[],
): Promise<void> {
  const { revision } = await client.range(lock.keyBytes);
  const failure = await io.run(command, {
    ETCD_LOCK_KEY: latin1FromBytes(lock.keyBytes),
    ETCD_LOCK_REV: String(revision),
  });
  if (failure !== undefined) throw new CtlError(failure.exitCode, failure.message);
}

async function holdUntil(
  context: CommandContext,
  session: Session,
  lock: HeldLock,
  interruption: Interruption,
): Promise<void> {
  const key = latin1FromBytes(lock.keyBytes);
  const response = await context.call(KV_SERVICE.range, { key });
  if (response.kvs.length === 0) throw new CtlError(EXIT_CODE.error, "lock lost on init");
  context.printer.get(response);
  const end = await Promise.race([interruption.came, session.done.then(() => "expired")]);
  if (end === "expired") throw new CtlError(EXIT_CODE.error, "session expired");
}
