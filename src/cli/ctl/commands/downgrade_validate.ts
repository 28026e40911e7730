import { DowngradeAction } from "../../../pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import type { Command } from "../command.ts";
import { downgradeAnswer } from "../output/cluster_answers.ts";
import { parseTargetVersion } from "../syntax/target_version.ts";

/** Tells whether the cluster could go back to a version. */
export const DOWNGRADE_VALIDATE_COMMAND: Command = {
  name: "validate",
  synopsis: "<TARGET_VERSION>",
  short: "Validate downgrade capability before starting downgrade",
  async run(context) {
    const request = { action: DowngradeAction.VALIDATE, version: parseTargetVersion(context.args) };
    const response = await context.call(MAINTENANCE_SERVICE.downgrade, request);
    context.printer.answer(downgradeAnswer("validate", response));
  },
};
