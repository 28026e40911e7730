import { NOBODY } from "../../core/auth/requester.ts";
import type { Operation } from "./operation.ts";

/**
 * An entry that changes nothing that is served here: a read that a member sent through the log, or
 * a message between members that plan a downgrade.
 */
export class NoOperation implements Operation {
  readonly field: number;
  readonly pieceCount = 1;
  readonly requester = NOBODY;

  constructor(field: number) {
    this.field = field;
  }

  apply(): boolean {
    return true;
  }

  fail(): void {}
}
