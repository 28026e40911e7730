import { CtlError, EXIT_CODE } from "./exit_code.ts";

/** A command line that is wrong in a way that is answered with how the command is used. */
export class UsageError extends CtlError {
  override name = "UsageError";

  constructor(message: string) {
    super(EXIT_CODE.error, message);
  }
}
