import { GrpcCode } from "../../../base/grpc_code.ts";
import type { ClientError } from "../../../embed/client/client_error.ts";
import { keepAliveOnce } from "../../../embed/client/leases/lease.ts";
import { LeaseKeeper } from "../../../embed/client/leases/lease_keeper.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { blameConnection } from "../errors.ts";
import { badArguments } from "../exit_code.ts";
import { boolFlag } from "../flags/flag.ts";
import { parseLeaseId } from "../syntax/lease_id.ts";
import { untilReached } from "../until_reached.ts";

/** Renews a lease, once or until it is lost. */
export const LEASE_KEEP_ALIVE_COMMAND: Command = {
  name: "keep-alive",
  synopsis: "[options] <leaseID>",
  short: "Keeps leases alive (renew)",
  flags: [
    boolFlag("once", "Resets the keep-alive time to its original value and exits immediately"),
  ],
  async run(context) {
    if (context.args.length !== 1) {
      throw badArguments("lease keep-alive command needs lease ID as argument");
    }
    const id = parseLeaseId(context.args[0]);
    if (context.flags.bool("once")) await renewOnce(context, id);
    else await renewForEver(context, id);
  },
};

async function renewOnce(context: CommandContext, id: bigint): Promise<void> {
  const session = await context.session();
  const renewal = untilReached(
    context,
    (timeoutMs) => keepAliveOnce(session, id, { timeoutMs }),
  );
  const response = await blameConnection(renewal);
  context.printer.leaseKeepAlive(response);
}

/** So long a server that cannot be reached is asked before the lease's own time is known. */
const UNKNOWN_TTL_SECONDS = 5;

async function renewForEver(context: CommandContext, id: bigint): Promise<void> {
  const { printer } = context;
  const session = await context.session();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const keeper = new LeaseKeeper(session, id, UNKNOWN_TTL_SECONDS, {
    renewed(response) {
      try {
        printer.leaseKeepAlive(response);
      } catch (error) {
        // A format that cannot show this.
        reject(error);
      }
    },
    ended: (error) => isLost(error) ? resolve() : reject(error),
  });
  keeper.start();
  try {
    await promise;
  } finally {
    keeper.stop();
  }
  printer.leaseLost(id);
}

/** Whether the lease is gone, as far as anybody here can tell. */
function isLost(error: ClientError | undefined): boolean {
  return error === undefined || error.code === GrpcCode.NotFound ||
    error.code === GrpcCode.Unavailable;
}
