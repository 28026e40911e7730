import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { TokenProvider } from "./token_provider.ts";
export function openJwtTokens(
  _o: Map<string, string>,
  _c: Clock,
  _l: Logger,
): Promise<TokenProvider> {
  throw new Error("later");
}
