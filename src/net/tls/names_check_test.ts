import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { HostResolver } from "./client_address.ts";
import { HandshakeError } from "./handshake_error.ts";
import { NamesCheck } from "./names_check.ts";
import { newSelfSignedCertificate } from "./self_signed_certificate.ts";
import { CertificateDirectory } from "./testing/certificate_directory.ts";
import type { TlsOptions } from "./tls_options.ts";

/** Knows nobody. */
const RESOLVER: HostResolver = {
  namesOf: () => Promise.resolve([]),
  addressesOf: () => Promise.resolve([]),
};

/** Judges a certificate for these hosts that is shown from 10.0.0.1. */
async function check(hosts: readonly string[], change: Partial<TlsOptions>): Promise<void> {
  using directory = new CertificateDirectory();
  const now = new Date();
  const { certificate } = newSelfSignedCertificate({ hosts, notBefore: now, notAfter: now });
  const names = new NamesCheck({ ...directory.options, ...change }, RESOLVER);
  await names.check(new X509Certificate(certificate).raw, "10.0.0.1");
}

Deno.test("NamesCheck lets everybody in where nothing is to be checked", async () => {
  await check(["a.example", "10.0.0.2"], {});
});

Deno.test("NamesCheck asks for one of the host names that are allowed", async () => {
  const allowedHostNames = ["a.example", "b.example"];
  await check(["x.example", "b.example"], { allowedHostNames });
  await assert.rejects(
    check(["x.example"], { allowedHostNames }),
    new HandshakeError("client certificate authentication failed"),
  );
});

Deno.test("NamesCheck asks for a certificate for the address that it is shown from", async () => {
  await check(["10.0.0.1"], { checksClientAddress: true });
  await assert.rejects(check(["10.0.0.2"], { checksClientAddress: true }), HandshakeError);
});
