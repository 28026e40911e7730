import { DiskError } from "./disk_error.ts";

/** What can be made to fail. */
export type FaultyOperation = "write" | "truncate" | "sync" | "read" | "rename" | "create";

/** A failure that is to come. */
interface Fault {
  readonly operation: FaultyOperation;
  /** How many calls of that operation go well before. */
  readonly after: number;
  /** The system's code, such as ENOSPC or EIO. */
  readonly code: string;
}

/** What every call throws once the simulated power is gone. */
export class SimulatedCrash extends Error {
  override name = "SimulatedCrash";

  constructor() {
    super("The simulated machine has lost its power");
  }
}

/** Something that forgets on a loss of power what was not synced. */
interface Syncable {
  /** The number of the last change. */
  readonly changeCount: number;
  /** All changes up to the given one are on the disk. */
  synced(changeCount: number): void;
}

/** The power supply and the faults of a disk in memory, shared by all its files. */
export class SimulatedHardware {
  readonly #completeSync: (complete: () => void) => void;
  readonly #faults: Fault[] = [];
  #operationCount = 0;
  #crashAtOperation = Infinity;

  constructor(completeSync: (complete: () => void) => void) {
    this.#completeSync = completeSync;
  }

  /** How many operations that change something or sync were started. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /** Lets the power go when that many operations were started; the last one is not finished. */
  crashAtOperation(operationCount: number): void {
    this.#crashAtOperation = operationCount;
  }

  /** Makes a later call fail. */
  inject(fault: Fault): void {
    this.#faults.push(fault);
  }

  checkPower(): void {
    if (this.#operationCount >= this.#crashAtOperation) throw new SimulatedCrash();
  }

  /** Counts an operation and throws what was injected for it. */
  start(operation: FaultyOperation | undefined, path: string): void {
    this.checkPower();
    this.#operationCount++;
    this.checkPower();
    if (operation !== undefined) this.throwFault(operation, path);
  }

  /** Throws what was injected for the operation; for those that are not counted. */
  throwFault(operation: FaultyOperation, path: string): void {
    const due = this.#faults.findIndex((f) => f.operation === operation && f.after === 0);
    if (due >= 0) throw simulatedError(operation, path, this.#faults.splice(due, 1)[0].code);
    for (let i = 0; i < this.#faults.length; i++) {
      const fault = this.#faults[i];
      if (fault.operation === operation) this.#faults[i] = { ...fault, after: fault.after - 1 };
    }
  }

  syncNow(path: string, what: Syncable): void {
    this.start("sync", path);
    what.synced(what.changeCount);
  }

  /** Changes made after the call are not covered, even if the sync takes longer than they do. */
  syncLater(path: string, what: Syncable): Promise<void> {
    return new Promise((resolve, reject) => {
      this.start("sync", path);
      const changeCount = what.changeCount;
      this.#completeSync(() => {
        try {
          this.checkPower();
        } catch (crash) {
          reject(crash);
          return;
        }
        what.synced(changeCount);
        resolve();
      });
    });
  }
}

/** The error that a real system would give with this code. */
export function simulatedError(operation: string, path: string, code: string): DiskError {
  return new DiskError({ operation, path, code, what: `the simulated disk says ${code}` });
}
