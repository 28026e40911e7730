import assert from "node:assert/strict";
import { sortCipherSuites } from "./cipher_suites.ts";

Deno.test("sortCipherSuites() tells what Deno has from what only Go has, and from no names", () => {
  const sorted = sortCipherSuites([
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_AES_128_GCM_SHA256",
    "tls_ecdhe_rsa_with_aes_128_gcm_sha256",
  ]);
  assert.deepEqual(sorted, {
    usable: [
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ],
    missing: ["TLS_RSA_WITH_AES_128_CBC_SHA"],
    unknown: ["tls_ecdhe_rsa_with_aes_128_gcm_sha256"],
    sufficeForHttp2: true,
  });
});

Deno.test("sortCipherSuites() knows which suite HTTP/2 cannot do without", () => {
  const suffices = (name: string) => sortCipherSuites([name]).sufficeForHttp2;
  assert(suffices("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
  assert(!suffices("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"));
  assert(!suffices("TLS_AES_128_GCM_SHA256"));
});
