import { DowngradeAction } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { downgradeAnswer } from "../output/cluster_answers.ts";

/** Stays with the version that the cluster has. */
export const DOWNGRADE_CANCEL_COMMAND: Command = {
  name: "cancel",
  short: "Cancel the ongoing downgrade action to cluster",
  async run(context) {
    const request = { action: DowngradeAction.CANCEL, version: "" };
    const response = await context.call(MAINTENANCE_SERVICE.downgrade, request);
    context.printer.answer(downgradeAnswer("cancel", response));
  },
};
