import { BCRYPT_LIMITS } from "../../base/bcrypt/limits.ts";
import type { AuthStore } from "../../core/auth/auth_store.ts";
import { NOBODY, Requester } from "../../core/auth/requester.ts";
import { ROOT } from "../../core/auth/user.ts";
import type { ServerConfig } from "../server_config.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { PasswordHasher } from "./password_hasher.ts";
import type { TokenProvider } from "./token_provider.ts";

/** What etcd takes for a cost that bcrypt does not have. */
const DEFAULT_BCRYPT_COST = 10;

/** Who may come in, and how one knows them again. */
export class Authentication {
  /** Users and roles, as far as the log is applied. */
  readonly store: AuthStore;
  readonly tokens: TokenProvider;
  readonly passwords: PasswordHasher;
  /** Whether the common name in a certificate is a user where there is no token. */
  readonly usesCommonNames: boolean;
  readonly #named = new Map<string, Requester>();

  constructor({ auth, clock, logger }: ServerConfig, store: AuthStore, tokens: TokenProvider) {
    this.store = store;
    this.tokens = tokens;
    this.usesCommonNames = auth.usesCommonNames;
    const { minCost, maxCost } = BCRYPT_LIMITS;
    const isCost = auth.bcryptCost >= minCost && auth.bcryptCost <= maxCost;
    if (!isCost) {
      logger.warn("use default bcrypt cost instead of the invalid given cost", {
        "min-cost": minCost,
        "max-cost": maxCost,
        "default-cost": DEFAULT_BCRYPT_COST,
        "given-cost": auth.bcryptCost,
      });
    }
    const cost = isCost ? auth.bcryptCost : DEFAULT_BCRYPT_COST;
    this.passwords = new PasswordHasher({ cost, clock, logger });
  }

  get enabled(): boolean {
    return this.store.enabled;
  }

  /** The revision of the auth state. */
  get revision(): number {
    return this.store.revision;
  }

  /** In whose name the member itself does what only root may. */
  get root(): Requester {
    return this.enabled ? this.named(ROOT) : NOBODY;
  }

  /** Somebody who needs no token, at the present revision of the auth state. */
  named(username: string): Requester {
    const known = this.#named.get(username);
    if (known?.authRevision === this.revision) return known;
    if (this.#named.size >= AUTH_LIMITS.namedRequesters) this.#named.clear();
    const requester = new Requester(username, this.revision);
    this.#named.set(username, requester);
    return requester;
  }

  close(): void {
    this.passwords.close();
    this.tokens.close();
  }
}
