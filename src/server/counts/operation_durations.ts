import { SERVER_LIMITS } from "../limits.ts";
import { newDurations, newShortDurations } from "./duration_bounds.ts";
import { OutcomeDurations } from "./outcome_durations.ts";

/** What operations of one kind took. */
class KindDurations {
  /** Applying one, whoever proposed it. */
  readonly applies = new OutcomeDurations(newShortDurations);
  /** From the proposal of this member to the answer. It failed if there is no outcome. */
  readonly requests = new OutcomeDurations(newDurations);
  /** How many there were in the group that is being applied. */
  doneInGroup = 0;
  refusedInGroup = 0;
}

/**
 * How long operations take, by their field in InternalRaftRequest. Looking at the clock costs as
 * much as a small put, so entries are timed by the group in which they are applied: applying one
 * counts as an equal part of the group's time, and a request ends with its group.
 */
export class OperationDurations {
  readonly byField = new Map<number, KindDurations>();
  /** The kind that was met last, since most groups are of one kind; -1 is no field. */
  #lastField = -1;
  #lastKind = new KindDurations();
  /** The kinds that are in the present group. */
  readonly #kindsInGroup: KindDurations[] = [];
  /** When the requests of the present group were proposed, and of which kinds they are. */
  readonly #requestTimesMs = new Float64Array(SERVER_LIMITS.applyEntriesPerClockCheck);
  readonly #requestKinds: KindDurations[] = [];

  /** An operation was applied; `isDone` is false if it was refused. */
  applied(field: number, isDone: boolean): void {
    const kind = this.#kindOf(field);
    if (kind.doneInGroup + kind.refusedInGroup === 0) this.#kindsInGroup.push(kind);
    if (isDone) kind.doneInGroup++;
    else kind.refusedInGroup++;
  }

  /** The operation that is being applied was proposed by this member at that time. */
  answered(field: number, proposedMs: number): void {
    this.#requestTimesMs[this.#requestKinds.length] = proposedMs;
    this.#requestKinds.push(this.#kindOf(field));
  }

  /** No outcome of an operation is known to this member, which has waited for it so long. */
  gaveUp(field: number, waitedMs: number): void {
    this.#kindOf(field).requests.failed.add(waitedMs / 1000);
  }

  /** Ends a group of so many entries. */
  groupApplied(entryCount: number, nowMs: number, durationMs: number): void {
    const seconds = durationMs / 1000 / entryCount;
    for (const kind of this.#kindsInGroup) {
      if (kind.doneInGroup > 0) kind.applies.succeeded.addMany(seconds, kind.doneInGroup);
      if (kind.refusedInGroup > 0) kind.applies.failed.addMany(seconds, kind.refusedInGroup);
      kind.doneInGroup = 0;
      kind.refusedInGroup = 0;
    }
    this.#kindsInGroup.length = 0;
    for (let i = 0; i < this.#requestKinds.length; i++) {
      const waitedMs = nowMs - this.#requestTimesMs[i];
      this.#requestKinds[i].requests.succeeded.add(waitedMs / 1000);
    }
    this.#requestKinds.length = 0;
  }

  #kindOf(field: number): KindDurations {
    if (field === this.#lastField) return this.#lastKind;
    let kind = this.byField.get(field);
    if (kind === undefined) {
      kind = new KindDurations();
      this.byField.set(field, kind);
    }
    this.#lastField = field;
    this.#lastKind = kind;
    return kind;
  }
}
