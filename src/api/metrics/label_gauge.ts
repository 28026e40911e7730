import { Gauge, type Registry } from "../../deps/prom_client.ts";

/** Adds a gauge that is always 1 and says something by its label. */
export function registerLabel(
  registry: Registry,
  name: string,
  help: string,
  labelName: string,
  value: () => string,
): void {
  new Gauge({
    name,
    help,
    labelNames: [labelName],
    registers: [registry],
    collect() {
      this.reset();
      this.labels(value()).set(1);
    },
  });
}
