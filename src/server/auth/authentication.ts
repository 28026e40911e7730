import type { AuthStore } from "../../core/auth/auth_store.ts";
import { NOBODY, Requester } from "../../core/auth/requester.ts";
import { ROOT } from "../../core/auth/user.ts";
import type { ServerConfig } from "../server_config.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { newPasswordHasher } from "./new_password_hasher.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { TokenProvider } from "./token_provider.ts";

/** Who may come in, and how one knows them again. */
export class Authentication {
  /** Users and roles, as far as the log is applied. */
  readonly store: AuthStore;
  readonly tokens: TokenProvider;
  readonly passwords: PasswordHasher;
  /** Whether the common name in a certificate is a user where there is no token. */
  readonly usesCommonNames: boolean;
  readonly #named = new Map<string, Requester>();

  constructor(config: ServerConfig, store: AuthStore, tokens: TokenProvider) {
    this.store = store;
    this.tokens = tokens;
    this.usesCommonNames = config.auth.usesCommonNames;
    this.passwords = newPasswordHasher(config);
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
