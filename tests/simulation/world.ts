import { setImmediate } from "node:timers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Prng } from "../../src/base/prng.ts";
import type { FileSystem } from "../../src/disk/file_system.ts";
import type { CrashMode } from "../../src/disk/memory_file_content.ts";
import { MemoryFileSystem } from "../../src/disk/memory_file_system.ts";
import { SimulatedCrash } from "../../src/disk/simulated_hardware.ts";
import { type DiskObserver, type DiskOperation, ProcessDisk } from "./process_disk.ts";
import { SimulatedClock } from "./simulated_clock.ts";

/** How many turns anything may take; far more than everything does. */
const MOST_TURNS = 20_000;

/** What may pass within a turn; mostly nothing, now and then enough for every timer. */
const PASSING_MS: readonly number[] = [0, 0, 0, 1, 20, 300];

/** How many turns of the event loop a sync may take. */
const LONGEST_SYNC_TURNS = 2;

/** Operations of which nothing remains on the disk. */
const READING: ReadonlySet<DiskOperation> = new Set<DiskOperation>(["open", "read", "look"]);

/** A machine with its disk and its clock, of which everything follows from a seed. */
export class World {
  readonly prng: Prng;
  readonly clock: SimulatedClock;
  disk: MemoryFileSystem;
  /** Hears of what the process is about to do. */
  observe: DiskObserver = () => {};
  #isProcessDead = false;

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.clock = new SimulatedClock(new Prng(-seed));
    this.disk = new MemoryFileSystem({ completeSync: (complete) => this.#later(complete) });
  }

  /** Whether the machine has power and the process was not killed. */
  get isAlive(): boolean {
    return !this.#isProcessDead && this.hasPower;
  }

  get hasPower(): boolean {
    try {
      this.disk.hardware.checkPower();
      return true;
    } catch {
      return false;
    }
  }

  /** The disk for a new process. The one before must have ended. */
  newProcess(): FileSystem {
    this.#isProcessDead = false;
    return new ProcessDisk(this.disk, (operation, path) => {
      if (this.#isProcessDead) throw new SimulatedCrash();
      this.observe(operation, path);
    });
  }

  /** Lets the power go during one of the next operations that change the disk; 1 is the next. */
  crashAfter(operations: number): void {
    const { hardware } = this.disk;
    hardware.crashAtOperation(hardware.operationCount + operations);
  }

  /** Lets the power go, or the process end, in the `count`-th operation that `concerns` names. */
  endAt(how: "power" | "kill", concerns: RegExp, count: number): void {
    let left = count;
    this.observe = (operation, path) => {
      if (READING.has(operation) || !concerns.test(`${operation} ${path}`) || --left !== 0) return;
      if (how === "power") this.crashAfter(1);
      else this.kill();
    };
  }

  /** Ends the process at once. What it wrote is there for the next one, synced or not. */
  kill(): never {
    this.#isProcessDead = true;
    throw new SimulatedCrash();
  }

  /** Goes on with what the disk holds if the power goes now. */
  losePower(mode: CrashMode): void {
    this.disk = this.disk.afterCrash(this.prng, mode);
    this.observe = () => {};
  }

  /** Lets everybody work for a turn of the event loop, and some time pass. */
  async turn(): Promise<void> {
    await nextTurn();
    this.clock.advance(this.prng.pick(PASSING_MS));
  }

  /** Lets turns pass until the promise is settled. */
  async until<T>(what: string, promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.untilTrue(what, () => isSettled);
    return await promise;
  }

  async untilTrue(what: string, condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns === MOST_TURNS) throw new Error(`${what} does not end`);
      await this.turn();
    }
  }

  #later(complete: () => void): void {
    const turns = this.prng.between(0, LONGEST_SYNC_TURNS);
    if (turns === 0) queueMicrotask(complete);
    else afterTurns(turns, complete);
  }
}

function afterTurns(turns: number, done: () => void): void {
  setImmediate(() => turns === 1 ? done() : afterTurns(turns - 1, done));
}
