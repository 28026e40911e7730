import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { AuthConfig } from "../server_config.ts";
import { AuthOptionsError } from "./auth_options_error.ts";
import { noTokens } from "./no_tokens.ts";
import { SimpleTokens } from "./simple_tokens.ts";
import type { TokenProvider } from "./token_provider.ts";

/** What etcd takes for a time to live that is not positive. */
const DEFAULT_TTL_SECONDS = 300;

/** Makes what `--auth-token` asks for. Throws an AuthOptionsError if that cannot be. */
export async function openTokens(
  { token, tokenTtlSeconds }: AuthConfig,
  clock: Clock,
  logger: Logger,
): Promise<TokenProvider> {
  const [kind, ...options] = token.split(",");
  const values = parseOptions(token, options);
  if (kind === "") return noTokens;
  if (kind === "simple") {
    const ttlSeconds = tokenTtlSeconds > 0 ? tokenTtlSeconds : DEFAULT_TTL_SECONDS;
    return new SimpleTokens(ttlSeconds * 1000, clock);
  }
  if (kind !== "jwt") throw new AuthOptionsError(`--auth-token has the unknown kind "${kind}"`);
  // Who has no use for it should not pay for the library behind it.
  const { openJwtTokens } = await import("./jwt_tokens.ts");
  return await openJwtTokens(values, clock, logger);
}

function parseOptions(token: string, options: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const option of options) {
    const [name, value, ...rest] = option.split("=");
    if (value === undefined || rest.length > 0) {
      throw new AuthOptionsError(`--auth-token=${token} has "${option}" where name=value belongs`);
    }
    if (values.has(name)) {
      throw new AuthOptionsError(`--auth-token=${token} has the option "${name}" twice`);
    }
    values.set(name, value);
  }
  return values;
}
