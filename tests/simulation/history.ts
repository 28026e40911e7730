import assert from "node:assert/strict";
import { EtcdError } from "../../src/core/errors.ts";
import type { EtcdServer } from "../../src/server/etcd_server.ts";
import type { Action } from "./actions.ts";
import { describeDifference, outlineOf, outlineOfModel } from "./member_outline.ts";
import { MemberModel } from "./member_model.ts";

/**
 * What clients know of a member: what was acknowledged, and what was proposed later and may have
 * happened or not. The log keeps the order of proposals, so what happened is always a prefix.
 */
export class History {
  readonly model = new MemberModel();
  readonly #happened: Action[] = [];
  #acknowledgedCount = 0;
  #open: Action[] = [];

  /** How many actions were answered. */
  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  /** The same once more, for another way in which things may go on. */
  fork(): History {
    const fork = new History();
    for (const action of this.#happened) fork.#happen(action);
    fork.#open = [...this.#open];
    return fork;
  }

  proposed(action: Action): void {
    this.#open.push(action);
  }

  /** The action, the last that was proposed, was refused before it came into the log. */
  refused(action: Action): void {
    assert.equal(this.#open.pop(), action);
  }

  /** The member has applied the action, or has refused it when its turn came. */
  answered(action: Action, revision: number, error: EtcdError | undefined): void {
    const end = this.#open.indexOf(action);
    assert.ok(end >= 0, "an action is answered once");
    const before = this.#open.splice(0, end + 1);
    before.pop();
    for (const earlier of before) this.#happen(earlier);
    const refusal = this.#happen(action);
    assert.equal(error?.message, refusal, `the answer to ${action.kind}`);
    assert.equal(revision, this.model.store.current, `the revision behind ${action.kind}`);
    this.#acknowledgedCount++;
  }

  /** Finds out what of the open actions has happened to a member that was started again. */
  settle(server: EtcdServer): void {
    const acknowledged = outlineOfModel(this.model);
    const found = outlineOf(server);
    for (let action = this.#open.shift();; action = this.#open.shift()) {
      if (describeDifference(found, outlineOfModel(this.model)) === undefined) break;
      if (action === undefined) {
        const difference = describeDifference(found, acknowledged);
        throw new assert.AssertionError({ message: `after the restart: ${difference}` });
      }
      this.#happen(action);
    }
    this.#open = [];
  }

  /** Returns the text of the refusal, if it is one. */
  #happen(action: Action): string | undefined {
    this.#happened.push(action);
    try {
      this.model.apply(action);
      return undefined;
    } catch (error) {
      if (error instanceof EtcdError) return error.message;
      throw error;
    }
  }
}
