import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";

/** etcd looks this often. */
const CHECK_INTERVAL_MS = 10 * 60_000;
/** The part of the limit from which on there is a warning. */
const WARNING_SHARE = 0.8;

/** How many files and sockets are open, and how many may be. */
interface DescriptorUse {
  readonly used: number;
  readonly limit: number;
}

/** Looks from time to time how many files are open, and warns before there are too many. */
export class DescriptorWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #use: () => Promise<DescriptorUse | undefined>;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(clock: Clock, logger: Logger, use = descriptorUse) {
    this.#clock = clock;
    this.#logger = logger;
    this.#use = use;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(CHECK_INTERVAL_MS, () => void this.#check());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #check(): Promise<void> {
    const use = await this.#use();
    if (use !== undefined && use.used >= use.limit * WARNING_SHARE) {
      this.#logger.warn("80% of file descriptors are used", { ...use });
    }
    if (!this.#isStopped) this.start();
  }
}

/** Undefined where the system does not say, or not to this process. */
export async function descriptorUse(): Promise<DescriptorUse | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const limits = await Deno.readTextFile("/proc/self/limits");
    const found = /^Max open files\s+(\d+)/m.exec(limits);
    if (found === null) return undefined;
    let used = 0;
    for await (const _ of Deno.readDir("/proc/self/fd")) used++;
    return { used, limit: Number(found[1]) };
  } catch {
    // A sandbox that hides /proc is no reason to trouble anybody.
    return undefined;
  }
}
