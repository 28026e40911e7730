/** Where a program was. */
export interface StackFrame {
  readonly functionName: string;
  readonly file: string;
}

/** What was measured where. */
export interface StackSample {
  /** From the function that was at work to those that called it. */
  readonly frames: readonly StackFrame[];
  /** One for each of the profile's value types. */
  readonly values: readonly number[];
}

/** What the values of samples are. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** A profile of a program, whichever way it was made. */
export interface StackProfile {
  readonly valueTypes: readonly ValueType[];
  readonly samples: readonly StackSample[];
  /** Between two samples lies so much of this. */
  readonly periodType: ValueType;
  readonly period: number;
  /** When it began, in milliseconds since 1970, and how long it took; 0 for what takes no time. */
  readonly wallMs: number;
  readonly durationMs: number;
}
