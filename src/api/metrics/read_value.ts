import { Counter, Gauge, type Registry } from "../../deps/prom_client.ts";

/** A number that is read when somebody scrapes; `counter` says that it only grows. */
export interface ReadValue {
  readonly name: string;
  readonly help: string;
  readonly counter: boolean;
  readonly read: () => number;
}

/** A number that goes up and down. */
export function gauge(name: string, help: string, read: () => number): ReadValue {
  return { name, help, counter: false, read };
}

/** A number that only grows. */
export function counter(name: string, help: string, read: () => number): ReadValue {
  return { name, help, counter: true, read };
}

/** Adds the number to a registry. */
export function registerValue(registry: Registry, { name, help, counter, read }: ReadValue): void {
  if (!counter) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
    return;
  }
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
