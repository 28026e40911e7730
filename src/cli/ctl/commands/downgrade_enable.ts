import { DowngradeAction } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { downgradeAnswer } from "../output/cluster_answers.ts";
import { parseTargetVersion } from "../syntax/target_version.ts";

/** Begins to take the cluster back to a version. */
export const DOWNGRADE_ENABLE_COMMAND: Command = {
  name: "enable",
  synopsis: "<TARGET_VERSION>",
  short: "Start a downgrade action to cluster",
  async run(context) {
    const request = { action: DowngradeAction.ENABLE, version: parseTargetVersion(context.args) };
    const response = await context.call(MAINTENANCE_SERVICE.downgrade, request);
    context.printer.answer(downgradeAnswer("enable", response));
  },
};
