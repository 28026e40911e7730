import { assert } from "./assert.ts";

/** A thing that knows its place in one heap; a thing in no heap has index NOT_IN_HEAP. */
export interface HeapItem {
  /** What the heap orders by. Only the heap changes it while the item is inside. */
  heapKey: number;
  heapIndex: number;
}

export const NOT_IN_HEAP = -1;

/**
 * A binary heap with the smallest key on top. The items know their index, so that any of them is
 * taken out or given another key in O(log n) without a search.
 */
export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item with the smallest key. */
  peek(): T | undefined {
    return this.#items.length === 0 ? undefined : this.#items[0];
  }

  push(item: T, key: number): void {
    assert(item.heapIndex === NOT_IN_HEAP, "an item is in one heap once");
    item.heapKey = key;
    this.#items.push(item);
    this.#siftUp(item, this.#items.length - 1);
  }

  /** Takes out the item with the smallest key. */
  pop(): T | undefined {
    const top = this.peek();
    if (top !== undefined) this.remove(top);
    return top;
  }

  /** Takes out an item that is inside. */
  remove(item: T): void {
    const index = item.heapIndex;
    assert(this.#items[index] === item, "only what is inside is taken out");
    const last = this.#items.pop();
    item.heapIndex = NOT_IN_HEAP;
    if (last !== undefined && last !== item) this.#place(last, index);
  }

  /** Gives another key to an item that is inside. */
  rekey(item: T, key: number): void {
    assert(this.#items[item.heapIndex] === item, "only what is inside gets another key");
    item.heapKey = key;
    this.#place(item, item.heapIndex);
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = NOT_IN_HEAP;
    this.#items.length = 0;
  }

  /** Puts an item at an index whose item is gone, then moves it to where its key belongs. */
  #place(item: T, index: number): void {
    const parent = (index - 1) >> 1;
    if (index > 0 && item.heapKey < this.#items[parent].heapKey) this.#siftUp(item, index);
    else this.#siftDown(item, index);
  }

  #siftUp(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (items[parent].heapKey <= item.heapKey) break;
      items[index] = items[parent];
      items[index].heapIndex = index;
      index = parent;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #siftDown(item: T, from: number): void {
    const items = this.#items;
    const length = items.length;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && items[child + 1].heapKey < items[child].heapKey) child++;
      if (items[child].heapKey >= item.heapKey) break;
      items[index] = items[child];
      items[index].heapIndex = index;
      index = child;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}
