import { badFeature } from "../exit_code.ts";
import type { Printer } from "./printer.ts";

/** A format that can print nothing; formats that can print some things begin here. */
export abstract class UnsupportedPrinter implements Printer {
  readonly #format: string;

  constructor(format: string) {
    this.#format = format;
  }

  answer(..._: unknown[]): void {
    this.#refuse();
  }
  get(..._: unknown[]): void {
    this.#refuse();
  }
  put(..._: unknown[]): void {
    this.#refuse();
  }
  del(..._: unknown[]): void {
    this.#refuse();
  }
  txn(..._: unknown[]): void {
    this.#refuse();
  }
  watch(..._: unknown[]): void {
    this.#refuse();
  }
  leaseGrant(..._: unknown[]): void {
    this.#refuse();
  }
  leaseRevoke(..._: unknown[]): void {
    this.#refuse();
  }
  leaseTimeToLive(..._: unknown[]): void {
    this.#refuse();
  }
  leaseList(..._: unknown[]): void {
    this.#refuse();
  }
  leaseKeepAlive(..._: unknown[]): void {
    this.#refuse();
  }
  leaseLost(..._: unknown[]): void {}
  memberList(..._: unknown[]): void {
    this.#refuse();
  }
  endpointHealth(..._: unknown[]): void {
    this.#refuse();
  }
  endpointStatus(..._: unknown[]): void {
    this.#refuse();
  }
  endpointHashKv(..._: unknown[]): void {
    this.#refuse();
  }
  alarm(..._: unknown[]): void {
    this.#refuse();
  }
  databaseStatus(..._: unknown[]): void {
    this.#refuse();
  }

  #refuse(): never {
    throw badFeature(`${this.#format} not supported as output format`);
  }
}
