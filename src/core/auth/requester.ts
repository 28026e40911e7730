import { RequestHeader } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS, type EtcdError } from "../errors.ts";

/** In whose name a request is made. It goes into the log with the request. */
export class Requester {
  readonly username: string;
  /**
   * The revision of the auth state at which the name was established: what has changed since may
   * have taken the user's rights away. 0 is nobody's.
   */
  readonly authRevision: number;
  /** Why the request is not to be served whatever it asks for. */
  readonly refusal: EtcdError | undefined;
  /** What the header of a log entry says of the requester. */
  readonly headerFields: Uint8Array;

  constructor(username: string, authRevision: number, refusal?: EtcdError) {
    this.username = username;
    this.authRevision = authRevision;
    this.refusal = refusal;
    this.headerFields = RequestHeader.encode(RequestHeader.create({ username, authRevision }));
  }

  /** Throws if the request is not to be served whatever it asks for. */
  admit(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }
}

/** Who did not say who they are. While authentication is off, that is everybody. */
export const NOBODY: Requester = new Requester("", 0);

/** Who showed a token that is not valid, or not valid any more. */
export const IMPOSTOR: Requester = new Requester("", 0, ETCD_ERRORS.invalidAuthToken);
