/** The suites of TLS 1.2 that Deno's TLS has, by IANA's names. */
const AVAILABLE: ReadonlySet<string> = new Set([
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
]);

/** What else Go has a name for. Those of TLS 1.3 are always used, whether they are named or not. */
const KNOWN_TO_GO: ReadonlySet<string> = new Set([
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
  "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
  "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
  "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
  "TLS_RSA_WITH_AES_128_CBC_SHA",
  "TLS_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_RSA_WITH_AES_256_CBC_SHA",
  "TLS_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_RSA_WITH_RC4_128_SHA",
]);

/** Names that Go had before. */
const OLDER_NAMES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
]);

/** Without one of these Go's HTTP/2 does not start, since RFC 9113 demands it. */
const NEEDED_BY_HTTP2 = [
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
];

/** A list of suites, taken apart. */
interface CipherSuites {
  /** Those of TLS 1.2 that can be spoken. */
  readonly usable: readonly string[];
  /** Those that Go has and Deno has not. */
  readonly missing: readonly string[];
  /** Names that are none. */
  readonly unknown: readonly string[];
  /** Whether HTTP/2 can be spoken with them. */
  readonly sufficeForHttp2: boolean;
}

/** Sorts suites by whether they can be used. */
export function sortCipherSuites(given: readonly string[]): CipherSuites {
  const names = given.map((name) => OLDER_NAMES.get(name) ?? name);
  return {
    usable: names.filter((name) => AVAILABLE.has(name)),
    missing: names.filter((name) => KNOWN_TO_GO.has(name) && !isOfTls13(name)),
    unknown: names.filter((name) => !AVAILABLE.has(name) && !KNOWN_TO_GO.has(name)),
    sufficeForHttp2: NEEDED_BY_HTTP2.some((name) => names.includes(name)),
  };
}

/** TLS 1.3's suites do not name how keys are exchanged. */
function isOfTls13(name: string): boolean {
  return !name.includes("_WITH_");
}
