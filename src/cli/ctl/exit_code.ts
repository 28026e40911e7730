/** What etcdctl's exit codes mean. */
export const EXIT_CODE = {
  success: 0,
  error: 1,
  badConnection: 2,
  /** What came from standard input is malformed. */
  invalidInput: 3,
  /** A value or an output format that is not supported. */
  badFeature: 4,
  interrupted: 5,
  badArguments: 128,
} as const;

/** The end of a command: a message for `Error: ...` and the exit code. */
export class CtlError extends Error {
  override name = "CtlError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The error of a command line that is wrong. */
export function badArguments(message: string): CtlError {
  return new CtlError(EXIT_CODE.badArguments, message);
}

/** The error of what came from standard input and is malformed. */
export function invalidInput(message: string): CtlError {
  return new CtlError(EXIT_CODE.invalidInput, message);
}

/** The error of a value or an output format that is not supported. */
export function badFeature(message: string): CtlError {
  return new CtlError(EXIT_CODE.badFeature, message);
}

/** The end of a command that has said already what went wrong. */
export class SilentExit extends CtlError {
  override name = "SilentExit";

  constructor(exitCode: number) {
    super(exitCode, "");
  }
}
