import { parseAttributes } from "../../core/members/member_attributes.ts";
import type { Membership } from "../../core/members/membership.ts";
import { memberOfV2AttributesPath, V2_VERSION_PATH } from "../../core/members/v2_keys.ts";
import type { Request } from "../../pb/etcdserverpb.ts";
import type { AppliedState } from "../applied_state.ts";
import { MembershipOperation } from "./cluster.ts";
import { OperationField } from "./field.ts";
import type { Waiter } from "./operation.ts";

/** Methods that change nothing that lasts: a read through the log, and the clock of the v2 store. */
const HARMLESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "QGET", "SYNC"]);

/**
 * A request of the v2 API. Members up to 3.5 publish themselves and the cluster version by it. The
 * keys that users of that API keep are not served here, so their writes are passed over.
 */
export class V2Operation extends MembershipOperation<Request> {
  readonly field = OperationField.V2;
  /** Undefined for a request that is not about a member's attributes. */
  readonly #memberId: bigint | undefined;

  constructor(request: Request, waiter?: Waiter<void>) {
    super(request, waiter);
    this.#memberId = request.method === "PUT" ? memberOfV2AttributesPath(request.path) : undefined;
  }

  protected override perform(state: AppliedState): void {
    const { method, path } = this.request;
    if (this.#memberId !== undefined || this.#setsVersion()) super.perform(state);
    else if (!HARMLESS_METHODS.has(method)) state.skippedWrites.add(method, path);
  }

  protected change(membership: Membership): void {
    const { val } = this.request;
    if (this.#setsVersion()) membership.setClusterVersion(val);
    else if (this.#memberId !== undefined) {
      const { name, clientUrls } = parseAttributes(val);
      membership.updateAttributes(this.#memberId, name, clientUrls);
    }
  }

  #setsVersion(): boolean {
    return this.request.method === "PUT" && this.request.path === V2_VERSION_PATH;
  }
}
