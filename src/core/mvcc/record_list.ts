const INITIAL_CAPACITY = 1024;

/** A growing list of records. */
export class RecordList {
  #records = new Int32Array(INITIAL_CAPACITY);
  #count = 0;

  add(record: number): void {
    if (this.#count === this.#records.length) {
      const records = new Int32Array(this.#records.length * 2);
      records.set(this.#records);
      this.#records = records;
    }
    this.#records[this.#count++] = record;
  }

  all(): Int32Array {
    return this.#records.subarray(0, this.#count);
  }
}
