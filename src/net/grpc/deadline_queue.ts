import type { Clock, Timer } from "../../base/clock.ts";
import { GRPC_LIMITS } from "../limits.ts";

/** Something with a deadline; the queue keeps its own state in the `queue...` fields. */
export interface DeadlineHolder {
  readonly deadlineMs: number;
  /** FRESH, a position in the heap, or NOT_QUEUED. */
  queueSlot: number;
  queuePrevious: DeadlineHolder | undefined;
  queueNext: DeadlineHolder | undefined;
  /** Called once, after which the queue has forgotten the holder. */
  deadlinePassed(): void;
}

export const NOT_QUEUED = -1;
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
  readonly #heap: DeadlineHolder[] = [];
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
    return this.#heap.length + this.#freshCount;
  }

  /** Whether a timer is set. */
  get armed(): boolean {
    return this.#timer !== undefined;
  }

  add(holder: DeadlineHolder, nowMs: number): void {
    holder.queueSlot = FRESH;
    holder.queueNext = this.#fresh;
    if (this.#fresh !== undefined) this.#fresh.queuePrevious = holder;
    this.#fresh = holder;
    this.#freshCount++;
    if (this.#timerDueMs > nowMs + GRPC_LIMITS.deadlineGraceMs) {
      this.#arm(nowMs, GRPC_LIMITS.deadlineGraceMs);
    }
  }

  remove(holder: DeadlineHolder): void {
    if (holder.queueSlot === FRESH) this.#unlink(holder);
    else if (holder.queueSlot >= 0) this.#removeFromHeap(holder.queueSlot);
  }

  /** Forgets all deadlines. */
  close(): void {
    this.#disarm();
    while (this.#fresh !== undefined) this.#unlink(this.#fresh);
    for (const holder of this.#heap) holder.queueSlot = NOT_QUEUED;
    this.#heap.length = 0;
  }

  #timerFired(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    while (this.#fresh !== undefined) {
      const holder = this.#fresh;
      this.#unlink(holder);
      this.#pushToHeap(holder);
    }
    const nowMs = this.#clock.monotonicMs();
    let passed = 0;
    while (this.#heap.length > 0 && this.#heap[0].deadlineMs <= nowMs) {
      if (passed++ === GRPC_LIMITS.maxDeadlinesPerTurn) break;
      const holder = this.#heap[0];
      this.#removeFromHeap(0);
      holder.deadlinePassed();
    }
    // What ran above may have added deadlines and so armed the timer.
    const nextMs = this.#heap.length > 0 ? this.#heap[0].deadlineMs : Infinity;
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
    holder.queueSlot = NOT_QUEUED;
    this.#freshCount--;
  }

  #pushToHeap(holder: DeadlineHolder): void {
    this.#heap.push(holder);
    this.#siftUp(this.#heap.length - 1, holder);
  }

  #removeFromHeap(slot: number): void {
    const heap = this.#heap;
    heap[slot].queueSlot = NOT_QUEUED;
    const last = heap[heap.length - 1];
    heap.length--;
    if (slot === heap.length) return;
    if (slot > 0 && last.deadlineMs < heap[(slot - 1) >> 1].deadlineMs) this.#siftUp(slot, last);
    else this.#siftDown(slot, last);
  }

  #siftUp(slot: number, holder: DeadlineHolder): void {
    const heap = this.#heap;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (heap[parent].deadlineMs <= holder.deadlineMs) break;
      heap[slot] = heap[parent];
      heap[slot].queueSlot = slot;
      slot = parent;
    }
    heap[slot] = holder;
    holder.queueSlot = slot;
  }

  #siftDown(slot: number, holder: DeadlineHolder): void {
    const heap = this.#heap;
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && heap[right].deadlineMs < heap[child].deadlineMs) child = right;
      if (heap[child].deadlineMs >= holder.deadlineMs) break;
      heap[slot] = heap[child];
      heap[slot].queueSlot = slot;
      slot = child;
    }
    heap[slot] = holder;
    holder.queueSlot = slot;
  }
}
