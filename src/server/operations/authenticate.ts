import type { InternalAuthenticateRequest } from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { OperationField } from "./field.ts";
import { RequestOperation } from "./operation.ts";

/** What a login has led to. */
export interface Login {
  /** What the tokens made of it when it was applied. */
  readonly admitted: string;
  /** The revision of the auth state at that moment. */
  readonly authRevision: number;
}

/**
 * A login. Whoever proposes it has checked the password before; only the member that did so can
 * tell whether that still counts.
 */
export class AuthenticateOperation extends RequestOperation<InternalAuthenticateRequest, Login> {
  readonly field = OperationField.AUTHENTICATE;
  protected perform({ auth, tokens, entryIndex }: AppliedState): Login {
    const { name, simpleToken } = this.request;
    auth.checkAuthenticated(name);
    // As in etcd from 3.5 on the token has the index of the entry before.
    const admitted = tokens.admitted(name, simpleToken, entryIndex - 1);
    return { admitted, authRevision: auth.revision };
  }
}
