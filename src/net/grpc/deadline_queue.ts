import type { Clock, Timer } from "../../base/clock.ts";
import { Heap, type HeapItem, NOT_IN_HEAP } from "../../base/heap.ts";
import { GRPC_LIMITS } from "../limits.ts";

/** Something with a deadline; the queue keeps its own state in the fields beside it. */
export interface DeadlineHolder extends HeapItem {
  readonly deadlineMs: number;
  /** Where the holder is in the heap, FRESH, or NOT_QUEUED. */
  heapIndex: number;
  queuePrevious: DeadlineHolder | undefined;
  queueNext: DeadlineHolder | undefined;
  /** Called once, after which the queue has forgotten the holder. */
  deadlinePassed(): void;
}

export const NOT_QUEUED = NOT_IN_HEAP;
const FRESH = -2;

/** Longer delays overflow the timers of the runtime. */
const LONGEST_DELAY_MS = 3_600_000;

/**
 * The deadlines of all calls of a server, on one timer. Most calls are answered long before their
 * deadlines, so a new deadline only goes into a linked list, from which a finished call takes
 * itself out; what is still there after `deadlineGraceMs` moves into a heap.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #heap = new Heap<DeadlineHolder>();
  #fresh: DeadlineHolder | undefined;
  #freshCount = 0;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  readonly #fire = (): void => this.#timerFired();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many deadlines are waited for. */
  get size(): number {
    return this.#heap.size + this.#freshCount;
  }

  /** Whether a timer is set. */
  get armed(): boolean {
    return this.#timer !== undefined;
  }

  add(holder: DeadlineHolder, nowMs: number): void {
    holder.heapIndex = FRESH;
    holder.queueNext = this.#fresh;
    if (this.#fresh !== undefined) this.#fresh.queuePrevious = holder;
    this.#fresh = holder;
    this.#freshCount++;
    if (this.#timerDueMs > nowMs + GRPC_LIMITS.deadlineGraceMs) {
      this.#arm(nowMs, GRPC_LIMITS.deadlineGraceMs);
    }
  }

  remove(holder: DeadlineHolder): void {
    if (holder.heapIndex === FRESH) this.#unlink(holder);
    else if (holder.heapIndex !== NOT_QUEUED) this.#heap.remove(holder);
  }

  /** Forgets all deadlines. */
  close(): void {
    this.#disarm();
    while (this.#fresh !== undefined) this.#unlink(this.#fresh);
    this.#heap.clear();
  }

  #timerFired(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    while (this.#fresh !== undefined) {
      const holder = this.#fresh;
      this.#unlink(holder);
      this.#heap.push(holder, holder.deadlineMs);
    }
    const nowMs = this.#clock.monotonicMs();
    let passed = 0;
    let next = this.#heap.peek();
    while (next !== undefined && next.deadlineMs <= nowMs) {
      if (passed++ === GRPC_LIMITS.maxDeadlinesPerTurn) break;
      this.#heap.remove(next);
      next.deadlinePassed();
      next = this.#heap.peek();
    }
    // What ran above may have added deadlines and so armed the timer.
    const nextMs = next?.deadlineMs ?? Infinity;
    if (nextMs < this.#timerDueMs) this.#arm(nowMs, Math.max(0, Math.ceil(nextMs - nowMs)));
  }

  #arm(nowMs: number, delayMs: number): void {
    this.#disarm();
    const boundedMs = Math.min(delayMs, LONGEST_DELAY_MS);
    this.#timerDueMs = nowMs + boundedMs;
    this.#timer = this.#clock.setTimer(boundedMs, this.#fire);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  #unlink(holder: DeadlineHolder): void {
    const previous = holder.queuePrevious;
    const next = holder.queueNext;
    if (previous === undefined) this.#fresh = next;
    else previous.queueNext = next;
    if (next !== undefined) next.queuePrevious = previous;
    holder.queuePrevious = undefined;
    holder.queueNext = undefined;
    holder.heapIndex = NOT_QUEUED;
    this.#freshCount--;
  }
}
