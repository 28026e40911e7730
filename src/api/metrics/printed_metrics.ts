import type { Clock } from "../../base/clock.ts";
import type { Registry } from "../../deps/prom_client.ts";
import { TurnBudget } from "../../disk/btree/turn_budget.ts";
import { yieldTurn } from "../../server/turns.ts";
import { METRICS_LIMITS } from "./limits.ts";

/** The text of all metrics, in turns, since there are a thousand lines and more. */
export async function printMetrics(registry: Registry, clock: Clock): Promise<string> {
  const turn = new TurnBudget(clock, METRICS_LIMITS.printTurnMs, () => yieldTurn(clock));
  let text = "";
  for (const { name } of registry.getMetricsAsArray()) {
    text += `${await registry.getSingleMetricAsString(name)}\n`;
    if (turn.isSpent()) await turn.next();
  }
  return text;
}
