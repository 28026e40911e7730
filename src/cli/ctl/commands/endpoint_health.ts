import { GrpcCode } from "../../../base/grpc_code.ts";
import { ClientError } from "../../../embed/client/client_error.ts";
import { type AlarmMember, AlarmType } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE, MAINTENANCE_SERVICE } from "../../../pb/services.ts";
import { plainText } from "../byte_text.ts";
import { endpointsOf } from "../cluster_endpoints.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { errorText } from "../errors.ts";
import { CtlError, EXIT_CODE } from "../exit_code.ts";
import type { EndpointHealth } from "../output/printer.ts";
import { stopwatch } from "../stopwatch.ts";

/** Any key will do: a server that answers is healthy. */
const PROBED_KEY = "health";

/** Tells whether servers serve. */
export const ENDPOINT_HEALTH_COMMAND: Command = {
  name: "health",
  short: "Checks the healthiness of endpoints specified in `--endpoints` flag",
  async run(context) {
    const endpoints = await endpointsOf(context);
    const list: EndpointHealth[] = [];
    // In the order of their answers, as etcdctl has it.
    await Promise.all(endpoints.map(async (endpoint) => {
      list.push(await healthOf(context, endpoint));
    }));
    context.printer.endpointHealth(list);
    if (list.some(({ error }) => error !== "")) {
      throw new CtlError(EXIT_CODE.error, "unhealthy cluster");
    }
  },
};

async function healthOf(context: CommandContext, endpoint: string): Promise<EndpointHealth> {
  try {
    await context.session(endpoint);
  } catch (failure) {
    if (!(failure instanceof CtlError) || failure.exitCode !== EXIT_CODE.badConnection) {
      throw failure;
    }
    return { endpoint, isHealthy: false, took: "", error: plainText(failure.message) };
  }
  const stopped = stopwatch(context.io.clock);
  let error = "";
  try {
    await context.call(KV_SERVICE.range, { key: PROBED_KEY }, endpoint);
  } catch (failure) {
    if (failure instanceof CtlError) throw failure;
    // Who may not read this key has been answered by a server that serves.
    if (!isPermissionDenied(failure)) error = errorText(failure);
  }
  const took = stopped();
  if (error === "") error = await alarmText(context, endpoint);
  return { endpoint, isHealthy: error === "", took, error };
}

function isPermissionDenied(error: unknown): boolean {
  return error instanceof ClientError && error.code === GrpcCode.PermissionDenied;
}

/** What a server that answers complains of; empty if of nothing. */
async function alarmText(context: CommandContext, endpoint: string): Promise<string> {
  try {
    const { alarms } = await context.call(MAINTENANCE_SERVICE.alarm, {}, endpoint);
    if (alarms.length === 0) return "";
    return `Active Alarm(s): ${alarms.map((alarm) => `${alarmName(alarm)} `).join("")}`;
  } catch (error) {
    const isUnknown = error instanceof ClientError && error.code === GrpcCode.Unimplemented;
    return isUnknown ? "" : "Unable to fetch the alarm list";
  }
}

function alarmName({ alarm }: AlarmMember): string {
  if (alarm === AlarmType.NOSPACE) return "NOSPACE";
  return alarm === AlarmType.CORRUPT ? "CORRUPT" : "UNKNOWN";
}
