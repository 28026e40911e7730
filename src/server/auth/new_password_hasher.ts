import { BCRYPT_LIMITS } from "../../base/bcrypt/limits.ts";
import type { ServerConfig } from "../server_config.ts";
import { PasswordHasher } from "./password_hasher.ts";

/** What etcd takes for a cost that bcrypt does not have. */
const DEFAULT_BCRYPT_COST = 10;

/** Makes the hasher that `--bcrypt-cost` asks for. */
export function newPasswordHasher({ auth, clock, logger }: ServerConfig): PasswordHasher {
  const { minCost, maxCost } = BCRYPT_LIMITS;
  const { bcryptCost } = auth;
  if (bcryptCost >= minCost && bcryptCost <= maxCost) {
    return new PasswordHasher({ cost: bcryptCost, clock, logger });
  }
  logger.warn("use default bcrypt cost instead of the invalid given cost", {
    "min-cost": minCost,
    "max-cost": maxCost,
    "default-cost": DEFAULT_BCRYPT_COST,
    "given-cost": bcryptCost,
  });
  return new PasswordHasher({ cost: DEFAULT_BCRYPT_COST, clock, logger });
}
