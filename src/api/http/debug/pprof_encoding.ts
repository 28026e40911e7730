import { Writer } from "../../../pb/writer.ts";
import type { StackFrame, StackProfile, StackSample, ValueType } from "./stack_profile.ts";

const VARINT = 0;
const BYTES = 2;

function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** The fields of pprof's messages that are used here. */
const PROFILE = {
  sampleType: tagOf(1, BYTES),
  sample: tagOf(2, BYTES),
  location: tagOf(4, BYTES),
  function: tagOf(5, BYTES),
  stringTable: tagOf(6, BYTES),
  timeNanos: tagOf(9, VARINT),
  durationNanos: tagOf(10, VARINT),
  periodType: tagOf(11, BYTES),
  period: tagOf(12, VARINT),
};
const VALUE_TYPE = { type: tagOf(1, VARINT), unit: tagOf(2, VARINT) };
const SAMPLE = { locationId: tagOf(1, VARINT), value: tagOf(2, VARINT) };
const LOCATION = { id: tagOf(1, VARINT), line: tagOf(4, BYTES) };
const LINE = { functionId: tagOf(1, VARINT) };
const FUNCTION = {
  id: tagOf(1, VARINT),
  name: tagOf(2, VARINT),
  systemName: tagOf(3, VARINT),
  filename: tagOf(4, VARINT),
};

/** The form that pprof and what can read its files take, before it is compressed. */
export function encodePprof(profile: StackProfile): Uint8Array {
  return new PprofWriter().write(profile);
}

/** Gives numbers to what is met: strings, and functions, which are places as well. */
class PprofWriter {
  readonly #writer = new Writer();
  /** The string with the number 0 is the empty one. */
  readonly #strings = new Map<string, number>([["", 0]]);
  readonly #functions = new Map<string, number>();

  write(profile: StackProfile): Uint8Array {
    for (const type of profile.valueTypes) this.#valueType(PROFILE.sampleType, type);
    for (const sample of profile.samples) this.#sample(sample);
    this.#number(PROFILE.timeNanos, Math.round(profile.wallMs) * 1e6);
    this.#number(PROFILE.durationNanos, Math.round(profile.durationMs * 1e6));
    this.#valueType(PROFILE.periodType, profile.periodType);
    this.#number(PROFILE.period, profile.period);
    // Last, for all that stands before may add to it.
    for (const text of this.#strings.keys()) {
      this.#writer.tag(PROFILE.stringTable);
      this.#writer.string(text);
    }
    return this.#writer.finish();
  }

  #valueType(tag: number, { type, unit }: ValueType): void {
    const [typeId, unitId] = [this.#stringId(type), this.#stringId(unit)];
    this.#message(tag, () => {
      this.#number(VALUE_TYPE.type, typeId);
      this.#number(VALUE_TYPE.unit, unitId);
    });
  }

  #sample({ frames, values }: StackSample): void {
    const ids = frames.map((frame) => this.#locationId(frame));
    this.#message(PROFILE.sample, () => {
      for (const id of ids) this.#number(SAMPLE.locationId, id);
      for (const value of values) this.#number(SAMPLE.value, Math.round(value));
    });
  }

  #locationId({ functionName, file }: StackFrame): number {
    const key = `${functionName} ${file}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const id = this.#functions.size + 1;
    this.#functions.set(key, id);
    const [name, filename] = [this.#stringId(functionName), this.#stringId(file)];
    this.#message(PROFILE.function, () => {
      this.#number(FUNCTION.id, id);
      this.#number(FUNCTION.name, name);
      this.#number(FUNCTION.systemName, name);
      this.#number(FUNCTION.filename, filename);
    });
    this.#message(PROFILE.location, () => {
      this.#number(LOCATION.id, id);
      this.#message(LOCATION.line, () => this.#number(LINE.functionId, id));
    });
    return id;
  }

  #stringId(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.size;
    this.#strings.set(text, id);
    return id;
  }

  #number(tag: number, value: number): void {
    this.#writer.tag(tag);
    this.#writer.uint64Number(value);
  }

  #message(tag: number, write: () => void): void {
    this.#writer.tag(tag);
    const start = this.#writer.beginMessage();
    write();
    this.#writer.endMessage(start);
  }
}
