/** Which question a check belongs to: is the process alive, or is it ready to serve. */
export type CheckType = "livez" | "readyz";

/** What one check of one question said so far. */
class CheckCounts {
  readonly type: CheckType;
  readonly name: string;
  goodCount = 0;
  badCount = 0;
  /** What it said last. */
  lastIsGood = false;

  constructor(type: CheckType, name: string) {
    this.type = type;
    this.name = name;
  }
}

/** How often health was asked for and what the answers were, for the metrics. */
export class HealthCounts {
  /** Answers of /health. */
  success = 0;
  failures = 0;
  readonly #checks = new Map<string, CheckCounts>();

  /** All checks that were made at least once. */
  get checks(): Iterable<CheckCounts> {
    return this.#checks.values();
  }

  checked(type: CheckType, name: string, isGood: boolean): void {
    const key = `${type} ${name}`;
    let counts = this.#checks.get(key);
    if (counts === undefined) {
      counts = new CheckCounts(type, name);
      this.#checks.set(key, counts);
    }
    counts.lastIsGood = isGood;
    if (isGood) counts.goodCount++;
    else counts.badCount++;
  }
}
