import { ETCD_ERRORS } from "../../core/errors.ts";
import type { TokenProvider } from "./token_provider.ts";

/** Nobody gets a token, as in etcd with an empty `--auth-token`: certificates are the only way in. */
export const noTokens: TokenProvider = {
  takesTime: false,
  newSeed: () => "",
  admitted: () => "",
  issue() {
    throw ETCD_ERRORS.authFailed;
  },
  requesterOf: () => undefined,
  verify: () => undefined,
  forgetUser() {},
  forgetAll() {},
  close() {},
};
