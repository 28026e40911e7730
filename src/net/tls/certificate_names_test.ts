import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { certificateNamesOf, isCertificateFor } from "./certificate_names.ts";
import { newSelfSignedCertificate } from "./self_signed_certificate.ts";

function namesOf(hosts: readonly string[]) {
  const now = new Date();
  const { certificate } = newSelfSignedCertificate({ hosts, notBefore: now, notAfter: now });
  return certificateNamesOf(new X509Certificate(certificate).raw);
}

Deno.test("certificateNamesOf() reads names and addresses", () => {
  const { dnsNames, ipAddresses } = namesOf(["a.example", "127.0.0.1", "::1", "*.b.example"]);
  assert.deepEqual(dnsNames, ["a.example", "*.b.example"]);
  assert.equal(ipAddresses.length, 2);
  assert.deepEqual(namesOf([]), { dnsNames: [], ipAddresses: [] });
});

Deno.test("isCertificateFor() compares host names as Go does", () => {
  const names = { dnsNames: ["A.example", "*.b.example", "c.example."], ipAddresses: [] };
  for (const host of ["a.example", "A.EXAMPLE", "a.example.", "x.b.example", "c.example"]) {
    assert(isCertificateFor(names, host), host);
  }
  for (const host of ["", "example", "b.example", "x.y.b.example", ".b.example", "xb.example"]) {
    assert(!isCertificateFor(names, host), host);
  }
  assert(!isCertificateFor({ dnsNames: ["*"], ipAddresses: [] }, "example"));
  assert(!isCertificateFor({ dnsNames: ["a.*.example"], ipAddresses: [] }, "a.b.example"));
  assert(!isCertificateFor({ dnsNames: ["127.0.0.1"], ipAddresses: [] }, "127.0.0.1"));
});

Deno.test("isCertificateFor() compares addresses whatever their spelling", () => {
  const names = namesOf(["::1", "127.0.0.1", "fe80::1:2"]);
  for (const address of ["::1", "[::1]", "0:0:0:0:0:0:0:1", "127.0.0.1", "::ffff:127.0.0.1"]) {
    assert(isCertificateFor(names, address), address);
  }
  for (const address of ["::2", "127.0.0.2", "fe80::1"]) {
    assert(!isCertificateFor(names, address), address);
  }
});
