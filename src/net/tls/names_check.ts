import {
  type CertificateNames,
  certificateNamesOf,
  isCertificateFor,
} from "./certificate_names.ts";
import { checkClientAddress, type HostResolver, systemHostResolver } from "./client_address.ts";
import { HandshakeError } from "./handshake_error.ts";
import { NOT_ALLOWED } from "./secured_check.ts";
import type { TlsOptions } from "./tls_options.ts";

/** Judges a client by the alternative names in its certificate. */
export class NamesCheck {
  readonly #allowedHostNames: readonly string[];
  readonly #checksAddress: boolean;
  readonly #resolver: HostResolver;

  constructor(
    { allowedHostNames, checksClientAddress }: TlsOptions,
    resolver: HostResolver = systemHostResolver,
  ) {
    this.#allowedHostNames = allowedHostNames;
    this.#checksAddress = checksClientAddress;
    this.#resolver = resolver;
  }

  /** Throws a HandshakeError if the client must not come in from this address. */
  async check(der: Uint8Array, address: string): Promise<void> {
    const names = certificateNamesOf(der);
    this.#checkHostNames(names);
    if (this.#checksAddress) await checkClientAddress(names, address, this.#resolver);
  }

  #checkHostNames(names: CertificateNames): void {
    const allowed = this.#allowedHostNames;
    if (allowed.length === 0 || allowed.some((host) => isCertificateFor(names, host))) return;
    throw new HandshakeError(NOT_ALLOWED);
  }
}
